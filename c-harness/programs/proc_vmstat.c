/* group: proc */
/* vmstat says in pages what meminfo says in kB. */
#include "../harness.h"

static long amount(const char *name)
{
	char line[256], format[64];
	long value = -1, found;
	FILE *f = fopen("/proc/vmstat", "r");

	snprintf(format, sizeof format, "%s %%ld", name);
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, format, &found) == 1)
			value = found;
	if (f)
		fclose(f);
	return value;
}

static void compare(const char *name, const char *field)
{
	double factor = (double)amount(name) * (double)P / ((double)proc_field("/proc/meminfo", field) * 1024);

	say("%s is %s: %s", name, field, factor > 0.5 && factor < 2 ? "yes" : "NO");
}

static void run(void)
{
	compare("nr_mapped", "Mapped");
}
