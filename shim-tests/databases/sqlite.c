/* SQLite in WAL mode with mapped reads: a writer and readers, killed at random
 * moments by the caller. sqlite FILE write|read|check, as lmdb.c. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
	exit(1);
}

static void run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(sql);
}

/* Reads everything; the number of rows, which are without gaps. */
static long look(void)
{
	sqlite3_stmt *statement;
	long next = 0;
	int end;

	if (sqlite3_prepare_v2(db, "select id, text from t order by id", -1, &statement, NULL))
		fail("prepare");
	while ((end = sqlite3_step(statement)) == SQLITE_ROW) {
		long id = (long)sqlite3_column_int64(statement, 0);
		const char *text = (const char *)sqlite3_column_text(statement, 1);
		if (id != next++ || strlen(text) != (size_t)(10 + id * 997 % 900)) {
			fprintf(stderr, "row %ld where %ld was expected\n", id, next - 1);
			exit(1);
		}
		for (const char *c = text; *c; c++)
			if (*c != 'a' + id % 26) {
				fprintf(stderr, "row %ld differs\n", id);
				exit(1);
			}
	}
	if (end != SQLITE_DONE)
		fail("step");
	sqlite3_finalize(statement);
	return next;
}

static void put(long from, int count)
{
	char text[1000];
	sqlite3_stmt *statement;

	run("begin immediate");
	if (sqlite3_prepare_v2(db, "insert into t values(?, ?)", -1, &statement, NULL))
		fail("prepare");
	for (long id = from; id < from + count; id++) {
		memset(text, 'a' + (int)(id % 26), sizeof text);
		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_text(statement, 2, text, (int)(10 + id * 997 % 900), SQLITE_TRANSIENT);
		if (sqlite3_step(statement) != SQLITE_DONE)
			fail("insert");
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	run("commit");
}

int main(int count, char **args)
{
	if (count < 3)
		return 2;
	if (sqlite3_open(args[1], &db) != SQLITE_OK)
		fail("open");
	sqlite3_busy_timeout(db, 60000);
	run("pragma journal_mode=wal");
	run("pragma mmap_size=268435456");
	run("pragma synchronous=normal");
	run("pragma wal_autocheckpoint=20");
	run("create table if not exists t(id integer primary key, text)");
	if (!strcmp(args[2], "write")) {
		for (long next = look(); next < 40000; next += 7) {
			put(next, 7);
			printf("%ld\n", next + 7);
			fflush(stdout);
		}
		return 0;
	}
	if (!strcmp(args[2], "check")) {
		run("pragma integrity_check");
		printf("%ld\n", look());
		return 0;
	}
	for (long last = 0;;) {
		long now = look();
		if (now < last) {
			fprintf(stderr, "%ld after %ld\n", now, last);
			return 1;
		}
		last = now;
	}
}
