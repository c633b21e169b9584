/* LevelDB, or RocksDB with -DROCKSDB, whose tables are read through maps (RocksDB's
 * are written through maps as well): a writer with reading threads, killed at
 * random moments by the caller. tables FOLDER write|read|check, as lmdb.c.
 *
 * A folder has one owner, so the readers are its threads and read does nothing.
 * (RocksDB's secondary instances can skip keys natively, too.) */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef ROCKSDB
#include <rocksdb/c.h>
#define DB(name) rocksdb_##name
#else
#include <leveldb/c.h>
#define DB(name) leveldb_##name
#endif

static DB(t) *db;
static char *error;

static void fail_on_error(const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, error);
		exit(1);
	}
}

static unsigned char value_byte(uint64_t key, uint64_t i) { return (unsigned char)(key * 31 + i * 7); }
static size_t value_size(uint64_t key) { return 20 + key * 997 % 3000; }

/* Reads everything; the number of keys, which are without gaps. */
static uint64_t look(void)
{
	DB(readoptions_t) *options = DB(readoptions_create)();
	DB(readoptions_set_verify_checksums)(options, 1);
	DB(iterator_t) *at = DB(create_iterator)(db, options);
	uint64_t next = 0;
	char *wrong = NULL;

	for (DB(iter_seek_to_first)(at); DB(iter_valid)(at); DB(iter_next)(at)) {
		size_t key_size, size;
		const unsigned char *key = (const void *)DB(iter_key)(at, &key_size);
		const unsigned char *value = (const void *)DB(iter_value)(at, &size);
		uint64_t k = 0;
		for (size_t i = 0; i < key_size; i++)
			k = k << 8 | key[i];
		if (k != next++ || size != value_size(k)) {
			fprintf(stderr, "key %lu where %lu was expected\n", k, next - 1);
			exit(1);
		}
		for (size_t i = 0; i < size; i++)
			if (value[i] != value_byte(k, i)) {
				fprintf(stderr, "value of key %lu differs at %zu\n", k, i);
				exit(1);
			}
	}
	DB(iter_get_error)(at, &wrong);
	if (wrong) {
		fprintf(stderr, "reading: %s\n", wrong);
		exit(1);
	}
	DB(iter_destroy)(at);
	DB(readoptions_destroy)(options);
	return next;
}

static void put(uint64_t from, int count)
{
	static char buffer[4096];
	DB(writebatch_t) *batch = DB(writebatch_create)();
	DB(writeoptions_t) *options = DB(writeoptions_create)();

	for (uint64_t k = from; k < from + (uint64_t)count; k++) {
		char key[8];
		for (int i = 0; i < 8; i++)
			key[i] = (char)(k >> (56 - 8 * i));
		for (size_t i = 0; i < value_size(k); i++)
			buffer[i] = (char)value_byte(k, i);
		DB(writebatch_put)(batch, key, 8, buffer, value_size(k));
	}
	DB(write)(db, options, batch, &error);
	fail_on_error("write");
	DB(writeoptions_destroy)(options);
	DB(writebatch_destroy)(batch);
}

static void *keep_looking(void *nothing)
{
	for (uint64_t last = 0;;) {
		uint64_t now = look();
		if (now < last) {
			fprintf(stderr, "%lu after %lu\n", now, last);
			exit(1);
		}
		last = now;
	}
	return nothing;
}

static DB(options_t) *options(void)
{
	DB(options_t) *options = DB(options_create)();

	DB(options_set_create_if_missing)(options, 1);
	DB(options_set_paranoid_checks)(options, 1);
	/* many small files with ends of all sizes */
	DB(options_set_write_buffer_size)(options, 150000);
#ifdef ROCKSDB
	DB(options_set_target_file_size_base)(options, 100000);
	DB(options_set_allow_mmap_reads)(options, 1);
	DB(options_set_allow_mmap_writes)(options, 1);
#else
	DB(options_set_max_file_size)(options, 1 << 20);
#endif
	return options;
}

int main(int count, char **args)
{
	pthread_t readers[3];

	if (count < 3)
		return 2;
	if (!strcmp(args[2], "read"))
		return 0;
	db = DB(open)(options(), args[1], &error);
	fail_on_error("open");
	uint64_t next = look();
	if (!strcmp(args[2], "check")) {
		printf("%lu\n", next);
		return 0;
	}
	for (int i = 0; i < 3; i++)
		if (pthread_create(&readers[i], NULL, keep_looking, NULL))
			return 1;
	while (next < 60000) {
		put(next, 7);
		next += 7;
		printf("%lu\n", next);
		fflush(stdout);
	}
	return 0;
}
