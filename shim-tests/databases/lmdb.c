/* A writer that grows the map and readers beside it; killed at random moments by
 * the caller. lmdb_kill FOLDER write|read|check
 *
 * With WRITEMAP=1 the writer stores into the map. With GROW=1 the map begins small
 * and is made larger, by steps that are no multiple of a large page, whenever it
 * is full; the readers follow. */
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
static int grows;
static size_t map_size;

/* A transaction, in a map of the size that others have given it by now. */
static MDB_txn *transaction(unsigned flags)
{
	MDB_txn *txn;
	int error;

	while ((error = mdb_txn_begin(env, NULL, flags, &txn)) == MDB_MAP_RESIZED)
		DO(mdb_env_set_mapsize(env, 0));
	DO(error);
	return txn;
}

static unsigned char value_byte(uint64_t key, uint64_t i) { return (unsigned char)(key * 31 + i * 7); }
static size_t value_size(uint64_t key) { return 20 + key * 997 % 3000; }

static void begin(const char *folder, int flags)
{
	MDB_txn *txn;

	DO(mdb_env_create(&env));
	if (!(flags & MDB_RDONLY)) {
		map_size = grows ? 300UL << 10 : 64UL << 20;
		DO(mdb_env_set_mapsize(env, map_size));
	}
	DO(mdb_env_open(env, folder, (unsigned)flags, 0644));
	txn = transaction(flags & MDB_RDONLY);
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

	txn = transaction(MDB_RDONLY);
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

/* False when the map is full: nothing is written then. */
static int put(uint64_t from, int count)
{
	static unsigned char buffer[4096];
	MDB_txn *txn = transaction(0);
	int error;

	for (int n = 0; n < count; n++) {
		uint64_t k = from + (uint64_t)n;
		unsigned char bytes[8];
		for (int i = 0; i < 8; i++)
			bytes[i] = (unsigned char)(k >> (56 - 8 * i));
		for (size_t i = 0; i < value_size(k); i++)
			buffer[i] = value_byte(k, i);
		MDB_val key = { 8, bytes }, value = { value_size(k), buffer };
		error = mdb_put(txn, dbi, &key, &value, 0);
		if (grows && error == MDB_MAP_FULL) {
			mdb_txn_abort(txn);
			return 0;
		}
		DO(error);
	}
	error = mdb_txn_commit(txn);
	if (grows && error == MDB_MAP_FULL)
		return 0;
	DO(error);
	return 1;
}

static void grow(void)
{
	MDB_envinfo info;

	DO(mdb_env_info(env, &info));
	if (map_size < info.me_mapsize)
		map_size = info.me_mapsize;
	map_size += (size_t)(1 + map_size / 4096 % 23) * 5 * 4096;
	DO(mdb_env_set_mapsize(env, map_size));
}

int main(int count, char **args)
{
	if (count < 3)
		return 2;
	int writemap = getenv("WRITEMAP") ? MDB_WRITEMAP : 0;
	grows = getenv("GROW") != NULL;
	if (!strcmp(args[2], "write")) {
		begin(args[1], writemap);
		for (uint64_t next = look();;) {
			while (!put(next, 7))
				grow();
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
