/* SPDX-License-Identifier: MIT */
/*
 * Collecting stops.
 *
 * What the kernel gives (and what it costs):
 *  - waitpid(tid) is one look-up. waitpid(-1) walks the list of all tracees, twice if it sleeps
 *    in between: with 10,000 tracees that is milliseconds a stop.
 *  - waitpid(-1) also reaps children of the host program; waitid(P_ALL, WNOWAIT) only looks, but the
 *    first foreign child that is ready hides whatever stands behind it.
 *  - SIGCHLD names one tracee that stopped, in constant time; two that stop before it is
 *    taken merge into one, and the second one's name is lost.
 *
 * So the running tasks stand in a list, most lately resumed first, since what was busy is busy:
 *  1. Look at the first of the list, by tid: HOT of them while that finds any, ever fewer while it does not.
 *  2. If none stopped: one task alone is waited for by tid. Otherwise sleep until the kernel
 *     names one: by SIGCHLD (PTL_OWN_SIGCHLD), else by waitid(P_ALL, WNOWAIT).
 *  3. A merged SIGCHLD is made up for by looking through the whole list: when nothing else is to do, or when the last look
 *     is so long ago that another costs at most 1/SCAN_SHARE of the time.
 *  4. After a long silence (PTL_OWN_SIGCHLD) those that stand still without a status are found by recover().
 */
#include "control/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
	HOT = 24,	   /* tasks looked at first; a look costs 0.2 us */
	MISSES = 3,	   /* in a row, that end it after a hit */
	HOT_EVERY = 16,	   /* once it did not pay for long, it is tried this seldom ... */
	HOT_LATEST = 150000, /* ... or after so many ns */
	MANY = 200,	   /* to walk through so many costs the kernel more than YIELDS do */
	YIELDS = 8,
	TICK = 1000000,	   /* ns after which a sleep ends while something is owed */
	TICK_LATE = 200000000, /* ... and while nothing is */
	FEW = 3,	   /* so few that looking before sleeping does not pay */
	NAP_MIN = 1000,	   /* ns; polling where the kernel gives no way to wait */
	NAP_MAX = 1000000,
	SCAN_SHARE = 25	   /* the whole list is looked through at most 1/25 of the time */
};

bool pt_is_end(const struct ptl_task *t)
{
	enum pt_stop_class class = pt_classify(t->status).class;

	return t->superseded_by || class == PT_STOP_EXITED || class == PT_STOP_KILLED;
}

/* --- taking a status in ------------------------------------------------------------------- */

/* A tid that reported before its parent did, or that CLONE_PTRACE or another thread's exec gave us. */
static struct ptl_task *accept_unknown(struct ptl_session *s, pid_t tid)
{
	struct pt_os_status st;
	int r = pt_os_status(tid, &st);
	pid_t pid = r < 0 ? tid : st.tgid;
	struct ptl_process *p = pt_map_find(&s->processes, (uint64_t)pid);
	bool followed = p ? pt_is_followed(s, p, true) : (s->flags & PTL_FOLLOW_FORKS) != 0;
	struct ptl_task *t = pt_task_new(s, tid, pid, followed ? PT_PHASE_NEWBORN : PT_PHASE_UNWANTED);

	if (t && r == 0)
		t->filtered = s->has_filter && st.seccomp; /* filters are inherited */
	return t;
}

/*
 * execve by a thread other than the leader: the kernel ends all the others and gives the executing thread
 * the leader's tid. Its own tid goes without a word, and so does the leader.
 */
static int take_exec(struct ptl_session *s, pid_t tgid, int status)
{
	struct ptl_task *leader = pt_map_find(&s->tasks, (uint64_t)tgid), *t;
	unsigned long former;

	if (pt_os_eventmsg(tgid, &former) < 0 || (pid_t)former == tgid)
		t = leader;
	else
		t = pt_map_find(&s->tasks, former);
	if (!t)
		t = leader;
	if (!t)
		t = leader = accept_unknown(s, tgid);
	if (!t)
		return -ENOMEM;
	t->former_tid = t->tid;
	if (t != leader) {
		if (leader) {
			/* gone from the tables, but its end is yet to be told */
			pt_map_remove(&s->tasks, (uint64_t)tgid);
			leader->superseded_by = t->tid;
			pt_mark_ready(leader, 0);
		}
		if (pt_task_rekey(t, tgid) < 0)
			return -ENOMEM;
	}
	pt_memory_forget(&t->process->memory);
	pt_mark_ready(t, status);
	return 0;
}

int pt_take_status(struct ptl_session *s, pid_t tid, int status)
{
	struct pt_stop stop = pt_classify(status);
	struct ptl_task *t;

	PT_LOG(&s->log, PT_LOG_CONTROL, PT_LOG_DEBUG, "status 0x%x of %d", status, tid);
	if (stop.class == PT_STOP_NONE)
		return 0;
	t = pt_map_find(&s->tasks, (uint64_t)tid);
	if (!t) {
		if (stop.class == PT_STOP_EXITED || stop.class == PT_STOP_KILLED)
			return 0; /* nobody's: take_stray() knows those that are somebody's */
	}
	if (stop.class == PT_STOP_EXEC)
		return take_exec(s, tid, status);
	if (!t)
		t = accept_unknown(s, tid);
	if (!t)
		return -ENOMEM;
	pt_mark_ready(t, status);
	if (t->awaited) {
		t->awaited = false;
		/* all that were found stand still: threads that others made meanwhile are found now */
		if (!--t->process->attaching && t->process->whole) {
			int r = pt_attach_scan(t->process);

			return r == -ENOMEM ? r : 0;
		}
	}
	return 0;
}

/* --- one task --------------------------------------------------------------------------------- */

/* Collects this running task if it has a status: 1, 0, or -EINTR. */
static int look(struct ptl_task *t, bool block)
{
	struct ptl_session *s = t->session;
	int status, r = pt_os_wait(t->tid, &status, block);

	if (r > 0) {
		r = pt_take_status(s, r, status);
		return r < 0 ? r : 1;
	}
	if (r != -ECHILD)
		return r;
	/*
	 * Not a tracee any more under this tid. A thread that executes takes its leader's tid some time before it
	 * reports so: as long as that tid is ours and has nothing to say, this may be going on.
	 */
	if (t->tid != t->process->pid) {
		r = pt_os_wait(t->process->pid, &status, false);
		if (r > 0) {
			r = pt_take_status(s, r, status);
			return r < 0 ? r : 1;
		}
		if (r == 0) {
			if (block)
				pt_os_nap(NAP_MIN);
			return 0;
		}
	}
	/* dead and reaped by others, or vanished in another thread's execve */
	t->superseded_by = -1;
	pt_mark_ready(t, 0);
	return 1;
}

/*
 * Collects one end of a task of this process (NULL: of any) that stands: in an execve that is what the executing thread waits for. A stop
 * that was not handed out yet is then as if it had not been seen. 1, 0, -errno.
 */
static int reap_stopped(struct ptl_session *s, const struct ptl_process *p)
{
	struct ptl_task *t;
	size_t pos = 0;
	int r = 0;

	while (!r && (t = pt_map_next(&s->tasks, &pos)))
		if ((!p || t->process == p) &&
			(t->state == PT_STOPPED || (t->state == PT_READY && !pt_is_end(t))))
			r = look(t, false);
	return r;
}

/* The first thread has ended and others have not: it stops for nothing, and its end is told only after theirs. */
static bool is_dead_leader(struct ptl_task *t)
{
	struct pt_os_status st;

	return t->tid == t->process->pid && pt_os_status(t->tid, &st) == 0 && st.state == 'Z' &&
		st.threads > 1;
}

int pt_wait_task(struct ptl_task *t, int64_t deadline)
{
	/* the end of a leader comes after that of its threads, which may be for us to collect */
	bool block = deadline < 0 && (t->tid != t->process->pid || t->process->tasks == 1);
	int64_t nap = NAP_MIN;
	int r;

	while (t->state == PT_RUNNING) {
		r = look(t, block);
		if (r < 0 && r != -EINTR)
			return r;
		if (r > 0 || block)
			continue;
		if (deadline >= 0 && pt_os_now() >= deadline)
			return -PTL_ETIMEOUT;
		if (nap > NAP_MIN && is_dead_leader(t))
			return -PTL_EZOMBIE;
		pt_os_nap(nap);
		nap = PT_MIN(nap * 2, NAP_MAX);
	}
	return 0;
}

int pt_wait_tasks(struct ptl_task **list, size_t n, int64_t deadline, size_t *ret_dead)
{
	int64_t nap = NAP_MIN;
	struct ptl_task *t;
	size_t i, dead, before;
	unsigned idle = 0; /* rounds in which nothing came */
	int r;

	*ret_dead = 0;
	if (n == 1 && list[0]->process->tasks == 1) {
		r = pt_wait_task(list[0], deadline);
		*ret_dead = r == -PTL_EZOMBIE;
		return r == -PTL_ETIMEOUT ? 1 : r == -PTL_EZOMBIE ? 0 : r;
	}
	for (;;) {
		before = n;
		for (i = 0; i < n;) {
			t = list[i];
			r = t->state == PT_RUNNING ? look(t, false) : 1;
			if (r < 0 && r != -EINTR)
				return r;
			if (t->state == PT_RUNNING) {
				i++;
				continue;
			}
			list[i] = list[--n]; /* those that are left stand first */
			list[n] = t;
		}
		if (!n)
			return 0;
		if (n < before) {
			nap = NAP_MIN;
			continue;
		}
		if (idle++) {
			/* each costs a look into /proc */
			for (i = dead = 0; i < n && (n <= HOT || idle % 16 == 0); i++)
				dead += is_dead_leader(list[i]);
			*ret_dead = dead;
			if (dead == n)
				return 0;
			r = reap_stopped(list[0]->session, list[0]->process);
			if (r < 0)
				return r;
			if (r) {
				nap = NAP_MIN;
				continue;
			}
			/* another process's turn */
			t = list[0];
			list[0] = list[n - 1];
			list[n - 1] = t;
		}
		if (deadline >= 0 && pt_os_now() >= deadline)
			return (int)(n - *ret_dead);
		pt_os_nap(nap);
		nap = PT_MIN(nap * 2, NAP_MAX);
	}
}

/* --- many ----------------------------------------------------------------------------------------- */

static bool is_empty(const struct pt_link *head)
{
	return head->next == head;
}

/*
 * Looks at the first `most` running tasks. Number collected. patience: after a hit, so many misses in a row end it; who stands
 * further down is found by name, or when the whole list is looked through.
 */
static int look_at(struct ptl_session *s, size_t most, size_t patience)
{
	struct pt_link *l, *next;
	size_t misses = 0;
	int found = 0;

	for (l = s->running.next; l != &s->running && most; l = next, most--) {
		next = l->next;
		if (look(PT_TASK_OF(l), false) > 0) {
			found++;
			misses = 0;
			/* taking an exec may have unlinked the neighbour, too */
			if (next != &s->running && PT_TASK_OF(next)->state != PT_RUNNING)
				break;
		} else if (++misses >= patience && found) {
			break;
		}
	}
	return found;
}

/* Looks at those that were resumed last, as many as it paid to look at lately. Number collected. */
static int look_at_hot(struct ptl_session *s)
{
	bool names = s->flags & PTL_OWN_SIGCHLD; /* otherwise whatever this misses costs far more */
	size_t most = names ? s->hot : HOT;
	int found;

	if (!most && ++s->hot_skipped < HOT_EVERY)
		return 0;
	s->hot_skipped = 0;
	found = look_at(s, most ? most : HOT, MISSES);
	s->hot = found ? PT_MIN(most * 2 + 2, (size_t)HOT) : most / 2;
	return found;
}

/* A tracee of this thread that is in no table: made by one of ours, or of another session in the same thread? */
static bool is_ours(struct ptl_session *s, const struct pt_os_status *st)
{
	return st->tracer == s->owner &&
		(pt_map_find(&s->processes, (uint64_t)st->tgid) || pt_map_find(&s->processes, (uint64_t)st->ppid) ||
			pt_map_find(&s->undetached, (uint64_t)st->tgid) || s->maker_killed);
}

/*
 * A tid that is in no table, or is not running as far as we know, but has something to say: a newborn nobody told of
 * yet, a stopped task that was killed. Foreign children are left alone. Number collected.
 */
static int take_stray(struct ptl_session *s, pid_t tid)
{
	struct pt_os_status st;
	int status, r;

	if (!pt_map_find(&s->tasks, (uint64_t)tid)) {
		if (pt_os_status(tid, &st) < 0 || !is_ours(s, &st))
			return 0;
		/* before its status is taken: of a newborn that was killed at once nothing is known afterwards */
		if (!pt_map_remove(&s->undetached, (uint64_t)tid) && st.state == 'Z' && !accept_unknown(s, tid))
			return -ENOMEM;
	}
	r = pt_os_wait(tid, &status, false);
	if (r <= 0)
		return 0;
	r = pt_take_status(s, tid, status);
	return r < 0 ? r : 1;
}

static int look_at_all(struct ptl_session *s)
{
	int64_t before = pt_os_now();
	int found = look_at(s, SIZE_MAX, SIZE_MAX), tid, r;

	tid = pt_os_peek_any(false);
	if (tid > 0) {
		r = take_stray(s, tid);
		if (r < 0)
			return r;
		found += r;
	}
	r = reap_stopped(s, NULL);
	if (r < 0)
		return r;
	found += r;
	s->scanned_at = pt_os_now();
	s->scan_cost = s->scanned_at - before;
	s->scan_owed = false;
	return found;
}

static int64_t until(int64_t deadline)
{
	int64_t left = deadline - pt_os_now();

	return left < 0 ? 0 : left;
}

/* What merged SIGCHLDs are owed, if it is time for it: number collected. */
static int look_if_owed(struct ptl_session *s)
{
	int64_t now = pt_os_now();
	int r = 0;

	if (s->hot_owed && now - s->hot_at >= HOT_LATEST) {
		s->hot_owed = false;
		s->hot_at = now;
		r = look_at(s, HOT, MISSES);
		if (r)
			s->hot = HOT;
	}
	if (!r && s->scan_owed && now - s->scanned_at >= s->scan_cost * SCAN_SHARE)
		r = look_at_all(s);
	return r;
}

/*
 * How long a sleep may last: as long as the caller allows. The tick ends it, or where there is none, a time-out: soon if something
 * is owed, and otherwise late, for a wake-up that got lost must not hang a trace.
 */
static int64_t sleep_limit(struct ptl_session *s, int64_t deadline)
{
	int64_t limit = deadline < 0 ? -1 : until(deadline);
	int64_t tick = s->hot_owed || s->scan_owed ? TICK : TICK_LATE;

	if (!s->tick && !s->no_tick)
		s->no_tick = pt_os_tick_new(&s->tick) < 0;
	if (s->no_tick)
		return limit < 0 ? tick : PT_MIN(limit, tick);
	if (!s->tick_armed || s->tick_armed > tick) {
		pt_os_tick_arm(s->tick, tick);
		s->tick_armed = tick;
	}
	return limit;
}

/*
 * A tracee that stands still, though waiting for it answers that it does not: seen of newborn threads on Linux 6.18, about once in
 * 100,000, when many are made at once. What the kernel last told it says which stop it is in (PTRACE_GETSIGINFO: a stop that is not
 * a signal's has its exit code in si_code). Asked for only after a long silence. Number found, or negative.
 */
static int recover(struct ptl_session *s)
{
	enum { SYSGOOD_TRAP = SIGTRAP | 0x80 };
	unsigned char raw[128];
	struct pt_link *l;
	struct ptl_task *t;
	int32_t code;
	int r;

	for (l = s->running.next; l != &s->running; l = l->next) {
		t = PT_TASK_OF(l);
		if (t->listening || pt_os_siginfo(t->tid, raw) < 0)
			continue; /* it runs, as it should */
		r = look(t, false);
		if (r)
			return r; /* it stopped just now */
		memcpy(&code, raw + 8, sizeof(code));
		if (raw[0] == SIGTRAP && (code == SYSGOOD_TRAP || (code > 0xff && (code & 0x7f) == SIGTRAP)))
			r = pt_take_status(s, t->tid, code << 8 | 0x7f);
		else
			r = pt_take_status(s, t->tid, raw[0] << 8 | 0x7f);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* Sleeps until SIGCHLD names a tracee, and collects it: number, 0 (time over, or nothing of ours), -EINTR. */
static int sleep_sigchld(struct ptl_session *s, int64_t deadline)
{
	struct ptl_task *t;
	pid_t tid = 0;
	bool late;
	int r;

	if (s->hot_owed || s->scan_owed) {
		r = look_if_owed(s);
		if (r)
			return r;
	}
	r = pt_os_sigchld(sleep_limit(s, deadline), &tid);
	if (r < 0)
		return r;
	s->scan_owed = s->hot_owed = true;
	if (!tid) {
		late = s->tick_armed == TICK_LATE;
		s->tick_armed = 0;
		return late ? recover(s) : 0;
	}
	t = pt_map_find(&s->tasks, (uint64_t)tid);
	return t && t->state == PT_RUNNING ? look(t, false) : take_stray(s, tid);
}

/* The same by waitid(P_ALL, WNOWAIT), for sessions that may not touch SIGCHLD. */
static int sleep_peek(struct ptl_session *s, int64_t deadline, int64_t *nap)
{
	bool block = deadline < 0;
	struct ptl_task *t;
	int tid, r, i;

	/* dearer than giving who was resumed last a chance to stop */
	for (i = 0; i < YIELDS && s->running_count > MANY; i++) {
		pt_os_nap(NAP_MIN);
		r = look_at(s, MISSES, MISSES);
		if (r)
			return r;
	}
	tid = pt_os_peek_any(block);

	if (tid == -ECHILD)
		return look_at_all(s); /* finds those that vanished */
	if (tid < 0)
		return tid;
	t = tid ? pt_map_find(&s->tasks, (uint64_t)tid) : NULL;
	if (t && t->state == PT_RUNNING)
		return look(t, false);
	if (tid) {
		r = take_stray(s, tid);
		if (!r)
			r = look_at_all(s);
		if (r)
			return r;
	}
	/* time-limited, or a foreign child stands in the way: look again after a nap */
	pt_os_nap(deadline < 0 ? *nap : PT_MIN(*nap, until(deadline)));
	*nap = PT_MIN(*nap * 2, NAP_MAX);
	return 0;
}

/* A process whose maker is gone without having told of it, held at its start. */
static int adopt(void *arg, pid_t pid)
{
	struct ptl_session *s = arg;
	struct pt_os_status st;

	if (pt_os_status(pid, &st) < 0 || st.tracer != s->owner || pt_map_find(&s->tasks, (uint64_t)pid) ||
		pt_map_find(&s->undetached, (uint64_t)pid))
		return 0;
	return accept_unknown(s, pid) ? 0 : -ENOMEM;
}

/*
 * The last task is gone, and one was killed, perhaps at the event of a birth: then the newborn is our tracee, and would be
 * held for ever. It may not have come to its stop yet, so that waiting does not show it. Number found, or negative.
 */
static int adopt_orphans(struct ptl_session *s)
{
	int r;

	if (!s->maker_killed)
		return 0;
	s->maker_killed = false;
	r = pt_os_each_process(adopt, s);
	return r == -ENOMEM ? r : (int)s->tasks.len;
}

int pt_collect(struct ptl_session *s, int64_t timeout_ns)
{
	int64_t deadline = timeout_ns < 0 ? -1 : pt_os_now() + timeout_ns, nap = NAP_MIN;
	int r = 0;

	while (is_empty(&s->ready)) {
		if (s->kicked) {
			s->kicked = 0;
			return -EINTR;
		}
		if (!s->tasks.len) {
			r = adopt_orphans(s);
			if (r <= 0)
				return r;
		}
		/* those that stand, unanswered, can still be killed: a death is reaped at once */
		if (s->tasks.len == 1 && s->running_count == 1 && deadline < 0) {
			r = look(PT_TASK_OF(s->running.next), true);
		} else {
			if (s->running_count > FEW || deadline >= 0) {
				r = look_at_hot(s);
				if (r)
					continue;
			}
			if (s->flags & PTL_OWN_SIGCHLD)
				r = sleep_sigchld(s, deadline);
			else
				r = sleep_peek(s, deadline, &nap);
		}
		if (r < 0)
			return r;
		if (r == 0 && deadline >= 0 && is_empty(&s->ready) && pt_os_now() >= deadline)
			return -PTL_ETIMEOUT;
	}
	/* under load, those far down the list get their turn */
	if (s->running_count > HOT && (s->scan_owed || !(s->flags & PTL_OWN_SIGCHLD)) &&
		pt_os_now() - s->scanned_at > s->scan_cost * SCAN_SHARE)
		look_at_all(s);
	return 1;
}

/* --- the public calls ---------------------------------------------------------------------------------- */

int ptl_wait_for(struct ptl_session *s, struct ptl_event *ret, int64_t timeout_ns)
{
	int64_t deadline = timeout_ns < 0 ? -1 : pt_os_now() + timeout_ns;
	struct ptl_task *t;
	int r = pt_check_caller(s);

	if (r < 0)
		return r;
	if (s->hurried) {
		pt_os_calm();
		s->hurried = false;
	}
	for (;;) {
		r = pt_collect(s, deadline < 0 ? -1 : until(deadline));
		if (r <= 0)
			return r == -EINTR ? r
				: r == 0   ? 0
					   : pt_fail(s, r, "cannot wait: %s", ptl_error_text(r));
		t = PT_TASK_OF(s->ready.next);
		if (s->cpu)
			pt_cpu_note_stop(s, t);
		r = pt_hand_out(t, ret);
		if (r)
			return r;
	}
}

int ptl_wait(struct ptl_session *s, struct ptl_event *ret)
{
	return ptl_wait_for(s, ret, -1);
}
