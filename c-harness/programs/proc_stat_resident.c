/* group: proc */
/* The resident size in /proc/self/stat counts pages. */
#include "../harness.h"

static void run(void)
{
	char text[2048] = "", *field;
	char *p = rw_area(300 * P);

	for (int i = 0; i < 300; i++)
		p[i * P] = 1;
	int fd = open("/proc/self/stat", O_RDONLY);
	NEED(fd >= 0 && read(fd, text, sizeof text - 1) > 0 && (field = strrchr(text, ')')) != NULL);
	field += 2;
	for (int i = 0; i < 21; i++)
		field = strchr(field, ' ') + 1;
	double factor = (double)proc_field("/proc/self/status", "VmRSS") * 1024 / ((double)atol(field) * (double)P);
	say("it is VmRSS in pages: %s", factor > 0.5 && factor < 2 ? "yes" : "NO");
}
