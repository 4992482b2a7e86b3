/* SPDX-License-Identifier: MIT */
/*
 * PTL_KEEP_CPU: keeping tracer and tracee on one processor.
 *
 * A stop and its answer are two hand-overs between two threads of which only one has work at a time. On one processor a hand-over costs
 * 2 us; on two it costs waking an idle processor, in a virtual machine 20 to 40 us. The scheduler, seeing an idle
 * processor beside a busy one, moves the tracee there at every wake-up, wherever the tracer goes; and the tracee's own affinity is not ours to
 * touch. So, while one task alone is stopping all the time:
 *
 *   1. the tracer's thread goes to the processor the tracee is on (its own affinity), and
 *   2. a KEEPER thread of lowest priority (nice 19) spins on the other one, so that it does not look idle.
 *      Any real work takes that processor from it at once.
 *
 * Whether it pays is measured: the rate of stops with and without.
 *
 *	OFF --- one task, more than RATE_MIN stops a second ---> TRIAL (keeper spins for WINDOW stops)
 *	TRIAL --- rate grew by GAIN ---> ON        TRIAL --- it did not ---> OFF, next trial later and later
 *	ON --- rate fell, or many tasks ---> OFF
 *
 * The keeper itself watches the count of stops and parks when it stands still, for a tracer that sleeps cannot tell it to. It is
 * only used where two processors can be chosen from: with more, one spinning thread would not be enough.
 */
#include "control/internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	WINDOW = 256,	      /* stops between two looks at the clock */
	RATE_MIN = 4000,      /* stops a second below which nothing is gained */
	GAIN_PERCENT = 130,   /* what a trial must bring */
	SAME_PERCENT = 80,    /* stops of one and the same task, to count as alone */
	PAUSE_MIN_MS = 200,   /* after a failed trial */
	PAUSE_MAX_MS = 20000,
	PATIENCE_US = 1500    /* the keeper parks after so long without a stop */
};

enum keeping { OFF, TRIAL, ON };
enum { PARKED, SPINNING, QUIT };

struct pt_cpu {
	struct pt_os_cpuset own; /* the tracer's affinity as it was */
	int cpus[2];		 /* the only two it may use, or -1 */
	enum keeping state;
	int here; /* processor the tracer keeps to, -1: none */
	unsigned stops, same;
	pid_t last;
	int64_t window_start, pause_until, pause_ms;
	int64_t base_rate; /* stops a second without */
	bool has_thread;
	pthread_t thread;
	atomic_int order; /* PARKED, SPINNING, QUIT: the futex the keeper parks on */
	atomic_uint beat; /* counts stops */
	atomic_int cpu;	  /* where the keeper is to be */
};

static void only(struct pt_os_cpuset *set, int cpu)
{
	memset(set, 0, sizeof(*set));
	set->bits[(size_t)cpu / (8 * sizeof(long))] = 1UL << ((size_t)cpu % (8 * sizeof(long)));
}

static void *keeper(void *arg)
{
	struct pt_cpu *c = arg;
	struct pt_os_cpuset set;
	int cpu = -1, order;

	setpriority(PRIO_PROCESS, (id_t)pt_os_gettid(), 19);
	while ((order = atomic_load(&c->order)) != QUIT) {
		unsigned beat = atomic_load(&c->beat);
		int64_t end;

		if (order == PARKED) {
			syscall(SYS_futex, &c->order, FUTEX_WAIT_PRIVATE, PARKED, NULL, NULL, 0);
			continue;
		}
		if (cpu != atomic_load(&c->cpu)) {
			cpu = atomic_load(&c->cpu);
			only(&set, cpu);
			if (pt_os_setaffinity(0, &set) < 0)
				return NULL;
		}
		end = pt_os_now() + (int64_t)PATIENCE_US * 1000;
		while (pt_os_now() < end && atomic_load(&c->order) == SPINNING)
			for (int i = 0; i < 64; i++)
				__builtin_ia32_pause();
		if (atomic_load(&c->beat) == beat) {
			order = SPINNING;
			atomic_compare_exchange_strong(&c->order, &order, PARKED);
		}
	}
	return NULL;
}

static void command(struct pt_cpu *c, int order)
{
	if (atomic_exchange(&c->order, order) == PARKED && order != PARKED)
		syscall(SYS_futex, &c->order, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool start_keeper(struct pt_cpu *c)
{
	sigset_t all, before;
	int r;

	if (c->has_thread)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* no signal of the host's is to land there */
	r = pthread_create(&c->thread, NULL, keeper, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->has_thread = r == 0;
	return c->has_thread;
}

/* The tracer goes where the task is; the keeper takes the other processor. */
static bool follow(struct pt_cpu *c, struct ptl_task *t)
{
	struct pt_os_cpuset set;
	int cpu = pt_os_task_cpu(t->tid);

	if (cpu != c->cpus[0] && cpu != c->cpus[1])
		return false;
	if (cpu != c->here) {
		only(&set, cpu);
		if (pt_os_setaffinity(0, &set) < 0)
			return false;
		c->here = cpu;
		atomic_store(&c->cpu, c->cpus[cpu == c->cpus[0]]);
	}
	return true;
}

static void let_be(struct pt_cpu *c)
{
	command(c, PARKED);
	if (c->here >= 0)
		(void)pt_os_setaffinity(0, &c->own);
	c->here = -1;
	c->state = OFF;
}

int pt_cpu_init(struct ptl_session *s)
{
	struct pt_cpu *c = calloc(1, sizeof(*c));
	int i, n = 0;

	if (!c)
		return -ENOMEM;
	c->here = -1;
	c->pause_ms = PAUSE_MIN_MS;
	c->cpus[0] = c->cpus[1] = -1;
	if (pt_os_getaffinity(0, &c->own) < 0)
		memset(&c->own, 0, sizeof(c->own));
	for (i = 0; i < PT_OS_MAXCPUS; i++)
		if (c->own.bits[(size_t)i / (8 * sizeof(long))] >> ((size_t)i % (8 * sizeof(long))) & 1) {
			if (n < 2)
				c->cpus[n] = i;
			n++;
		}
	if (n != 2) {
		free(c); /* one: nothing to choose; more: not by these means */
		return 0;
	}
	s->cpu = c;
	return 0;
}

void pt_cpu_done(struct ptl_session *s)
{
	struct pt_cpu *c = s->cpu;

	if (!c)
		return;
	if (c->here >= 0)
		(void)pt_os_setaffinity(0, &c->own);
	if (c->has_thread) {
		command(c, QUIT);
		pthread_join(c->thread, NULL);
	}
	free(c);
	s->cpu = NULL;
}

static void judge(struct ptl_session *s, struct ptl_task *t, int64_t now)
{
	struct pt_cpu *c = s->cpu;
	int64_t rate = (int64_t)WINDOW * 1000000000 / PT_MAX(now - c->window_start, 1);
	bool alone = c->same * 100 >= WINDOW * SAME_PERCENT;

	switch (c->state) {
	case OFF:
		if (!alone || rate < RATE_MIN || now < c->pause_until || !start_keeper(c) || !follow(c, t))
			return;
		c->base_rate = rate;
		c->state = TRIAL;
		command(c, SPINNING);
		return;
	case TRIAL:
		if (alone && rate * 100 >= c->base_rate * GAIN_PERCENT) {
			c->state = ON;
			c->pause_ms = PAUSE_MIN_MS;
			return;
		}
		let_be(c);
		c->pause_until = now + c->pause_ms * 1000000;
		c->pause_ms = PT_MIN(c->pause_ms * 2, (int64_t)PAUSE_MAX_MS);
		return;
	case ON:
		if (!alone || rate < RATE_MIN) {
			let_be(c);
			return;
		}
		if (!follow(c, t)) {
			let_be(c);
			return;
		}
		if (atomic_load(&c->order) == PARKED)
			command(c, SPINNING);
		return;
	}
}

void pt_cpu_note_stop(struct ptl_session *s, struct ptl_task *t)
{
	struct pt_cpu *c = s->cpu;
	int64_t now;

	atomic_fetch_add_explicit(&c->beat, 1, memory_order_relaxed);
	c->same += t->tid == c->last;
	c->last = t->tid;
	if (++c->stops < WINDOW)
		return;
	now = pt_os_now();
	judge(s, t, now);
	c->stops = c->same = 0;
	c->window_start = now;
}
