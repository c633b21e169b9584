/* A writer that grows the map and readers beside it; killed at random moments by
 * the caller. lmdb_kill FOLDER write|read|check */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DO(call)                                                                   \
	do {                                                                       \
		int error_ = (call);                                               \
		if (error_) {                                                      \
			fprintf(stderr, "%s: %s\n", #call, mdb_strerror(error_));  \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

static MDB_env *env;
static MDB_dbi dbi;

static unsigned char value_byte(uint64_t key, uint64_t i) { return (unsigned char)(key * 31 + i * 7); }
static size_t value_size(uint64_t key) { return 20 + key * 997 % 3000; }

static void begin(const char *folder, int flags)
{
	MDB_txn *txn;

	DO(mdb_env_create(&env));
	DO(mdb_env_set_mapsize(env, 64UL << 20));
	DO(mdb_env_open(env, folder, (unsigned)flags, 0644));
	DO(mdb_txn_begin(env, NULL, flags & MDB_RDONLY, &txn));
	DO(mdb_dbi_open(txn, NULL, 0, &dbi));
	DO(mdb_txn_commit(txn));
}

/* Reads everything; the number of keys, which are without gaps. */
static uint64_t look(void)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t next = 0;
	int end;

	DO(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
	DO(mdb_cursor_open(txn, dbi, &cursor));
	while (!(end = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		uint64_t k = 0;
		for (int i = 0; i < 8; i++)
			k = k << 8 | ((unsigned char *)key.mv_data)[i];
		if (k != next++ || value.mv_size != value_size(k)) {
			fprintf(stderr, "key %lu where %lu was expected\n", k, next - 1);
			exit(1);
		}
		for (size_t i = 0; i < value.mv_size; i++)
			if (((unsigned char *)value.mv_data)[i] != value_byte(k, i)) {
				fprintf(stderr, "value of key %lu differs at %zu\n", k, i);
				exit(1);
			}
	}
	if (end != MDB_NOTFOUND)
		DO(end);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return next;
}

static void put(uint64_t from, int count)
{
	static unsigned char buffer[4096];
	MDB_txn *txn;

	DO(mdb_txn_begin(env, NULL, 0, &txn));
	for (int n = 0; n < count; n++) {
		uint64_t k = from + (uint64_t)n;
		unsigned char bytes[8];
		for (int i = 0; i < 8; i++)
			bytes[i] = (unsigned char)(k >> (56 - 8 * i));
		for (size_t i = 0; i < value_size(k); i++)
			buffer[i] = value_byte(k, i);
		MDB_val key = { 8, bytes }, value = { value_size(k), buffer };
		DO(mdb_put(txn, dbi, &key, &value, 0));
	}
	DO(mdb_txn_commit(txn));
}

int main(int count, char **args)
{
	if (count < 3)
		return 2;
	int writemap = getenv("WRITEMAP") ? MDB_WRITEMAP : 0;
	if (!strcmp(args[2], "write")) {
		begin(args[1], writemap);
		for (uint64_t next = look();;) {
			put(next, 7);
			next += 7;
			printf("%lu\n", next);
			fflush(stdout);
			if (next > 12000)
				return 0;
		}
	}
	begin(args[1], MDB_RDONLY);
	if (!strcmp(args[2], "check")) {
		printf("%lu\n", look());
		return 0;
	}
	for (uint64_t last = 0;;) {
		uint64_t now = look();
		if (now < last) {
			fprintf(stderr, "%lu after %lu\n", now, last);
			return 1;
		}
		last = now;
	}
}
