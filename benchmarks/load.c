/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner and guests do to a machine: load KIND ARGUMENT...
 *
 * KIND is one of
 *   calibrate US                steps of work in US microseconds
 *   wake SECONDS US STEPS       on each CPU, STEPS of work each US
 *   copy SECONDS MIB            memory copied from MIB to MIB
 *   sync SECONDS FILE           4 KiB appended and made safe, again and again
 *   burn                        a CPU, for ever
 * SECONDS may be inf: that is a guest, who is not timed. One number in a
 * line is printed at the end: the steps; for each wake-up the nanoseconds
 * from when it was due until its work was done; bytes per second; the
 * nanoseconds of each write.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L
#define LINE_WORDS 8
/* Fits into a core's own cache, out of which guests can push it. */
#define WORK_WORDS (512 * 1024 / sizeof(uint64_t))
#define BLOCK 4096
/* A guest's file begins anew there. */
#define GUEST_FILE_BYTES (64L << 20)

struct list {
	long *values;
	size_t count, room;
};

struct waker {
	pthread_t thread;
	int cpu;
	long first_ns, period_ns, count, steps;
	long *late_ns;
};

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void *room_for(size_t bytes)
{
	void *found = malloc(bytes);

	if (!found)
		err(1, "memory");
	/* Touched now, so that no page is missing while time is measured. */
	memset(found, 1, bytes);
	return found;
}

static void add(struct list *list, long value)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 1 << 16;
		list->values = realloc(list->values,
				       list->room * sizeof(long));
		if (!list->values)
			err(1, "memory");
	}
	list->values[list->count++] = value;
}

/* Each step waits for the one before it, and for a cache line. */
static void work(volatile uint64_t *words, long steps)
{
	uint64_t sum = 1;

	for (long step = 0; step < steps; step++) {
		size_t at = step * LINE_WORDS % WORK_WORDS;

		sum = sum * 6364136223846793005u + words[at];
		words[at] = sum;
	}
}

static void calibrate(long target_us)
{
	const long steps = 200000;
	uint64_t *words = room_for(WORK_WORDS * sizeof(uint64_t));
	long best_ns = SECOND;

	/* The fastest of many: whoever disturbs only makes it slower. */
	for (int each = 0; each < 1000; each++) {
		long begin_ns = now_ns();

		work(words, steps);
		if (now_ns() - begin_ns < best_ns)
			best_ns = now_ns() - begin_ns;
	}
	printf("%ld\n", steps * target_us * 1000 / best_ns);
}

static void *wake_each(void *argument)
{
	struct waker *mine = argument;
	uint64_t *words = room_for(WORK_WORDS * sizeof(uint64_t));

	for (long each = 0; each < mine->count; each++) {
		long due_ns = mine->first_ns + each * mine->period_ns;
		struct timespec due = { due_ns / SECOND, due_ns % SECOND };

		/* One that is late delays the next: none is left out. */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		work(words, mine->steps);
		mine->late_ns[each] = now_ns() - due_ns;
	}
	free(words);
	return NULL;
}

static void start(struct waker *waker)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(waker->cpu, &only);
	if (pthread_create(&waker->thread, NULL, wake_each, waker))
		errx(1, "a thread was not made");
	if (pthread_setaffinity_np(waker->thread, sizeof(only), &only))
		errx(1, "a thread may not run on CPU %d", waker->cpu);
}

static void wake(double seconds, long period_us, long steps)
{
	static struct waker wakers[CPU_SETSIZE];
	long period_ns = period_us * 1000, first_ns = now_ns() + SECOND / 20;
	cpu_set_t all;
	int count = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		err(1, "CPUs");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all))
			wakers[count++].cpu = cpu;
	for (int each = 0; each < count; each++) {
		struct waker *next = &wakers[each];

		next->period_ns = period_ns;
		next->first_ns = first_ns + each * period_ns / count;
		next->count = lround(seconds * SECOND / period_ns);
		next->steps = steps;
		next->late_ns = room_for(next->count * sizeof(long));
		start(next);
	}
	for (int each = 0; each < count; each++) {
		pthread_join(wakers[each].thread, NULL);
		for (long item = 0; item < wakers[each].count; item++)
			printf("%ld\n", wakers[each].late_ns[item]);
	}
}

static void copy(double seconds, size_t mib)
{
	size_t bytes = mib << 20;
	char *from = room_for(bytes), *to = room_for(bytes);
	double copied = 0;
	long begin_ns = now_ns();

	while (now_ns() - begin_ns < seconds * SECOND) {
		memcpy(to, from, bytes);
		/* Or a compiler might see that nobody looks at it. */
		__asm__ volatile("" : : "r"(to) : "memory");
		copied += bytes;
	}
	printf("%.0f\n", copied * SECOND / (now_ns() - begin_ns));
}

static void sync_often(double seconds, const char *path)
{
	char *block = room_for(BLOCK);
	struct list took = { 0 };
	long begin_ns = now_ns(), at = 0;
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (file < 0)
		err(1, "%s", path);
	for (;;) {
		long before_ns = now_ns();

		if (before_ns - begin_ns >= seconds * SECOND)
			break;
		if (pwrite(file, block, BLOCK, at) != BLOCK || fsync(file))
			err(1, "%s", path);
		at += BLOCK;
		if (isfinite(seconds)) {
			add(&took, now_ns() - before_ns);
		} else if (at >= GUEST_FILE_BYTES) {
			if (ftruncate(file, 0))
				err(1, "%s", path);
			at = 0;
		}
	}
	for (size_t each = 0; each < took.count; each++)
		printf("%ld\n", took.values[each]);
}

static void burn(void)
{
	for (volatile long count = 0;; count++)
		;
}

int main(int count, char **words)
{
	const char *kind = count > 1 ? words[1] : "";
	pid_t parent = getppid();

	/* Ends with whoever started it, also where that ended before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return 1;
	if (!strcmp(kind, "calibrate") && count == 3)
		calibrate(atol(words[2]));
	else if (!strcmp(kind, "wake") && count == 5)
		wake(atof(words[2]), atol(words[3]), atol(words[4]));
	else if (!strcmp(kind, "copy") && count == 4)
		copy(atof(words[2]), atol(words[3]));
	else if (!strcmp(kind, "sync") && count == 4)
		sync_often(atof(words[2]), words[3]);
	else if (!strcmp(kind, "burn") && count == 2)
		burn();
	else
		errx(2, "usage: see the head of load.c");
	return 0;
}
