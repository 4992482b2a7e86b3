/* SPDX-License-Identifier: MIT */
/*
 * The tracer's own signals: which of them end it (-I), the timer that bounds how long lines wait in memory, and what the
 * programs it starts get back.
 *
 * A signal that comes between a look at the flags here and the wait for the next event would go unnoticed until that event; so
 * the timer is a repeating one, armed by the handler as well, and ends the wait (EINTR) at its next tick.
 */
#include "tool/trace.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

enum { TICK_US = 50000, SLOW_TICK_US = 250000 };

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM};
/*
 * What we write to our terminal must not stop us when the program has taken it (a shell, which makes itself
 * the foreground group). SIGTTIN comes to the whole job when the program reads in the background: ignoring it, too, would hide
 * from the shell that the job has stopped, and fg would not let it go on.
 */
static const int ignored_signals[] = {SIGTTOU};
static const int own_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTTOU, SIGTSTP, SIGALRM};

static volatile sig_atomic_t attention, caught, caught_count, from_terminal;
static struct sigaction found[PT_COUNTOF(own_signals)]; /* dispositions as we were started with */
static sigset_t found_mask;

/* The slow tick is for what nobody announces, see look_for_strays() in trace_loop.c. */
static void set_timer(bool fast)
{
	const struct itimerval every = {{0, fast ? TICK_US : SLOW_TICK_US}, {0, fast ? TICK_US : SLOW_TICK_US}};

	setitimer(ITIMER_REAL, &every, NULL);
}

static void on_fatal(int signo, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (!caught) {
		caught = signo;
		from_terminal = info->si_code == SI_KERNEL;
	}
	caught_count++;
	attention = 1;
	set_timer(true);
	errno = saved;
}

static void on_tick(int signo)
{
	(void)signo;
	attention = 1;
}

static const struct sigaction *found_action(int signo)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(own_signals); i++)
		if (own_signals[i] == signo)
			return &found[i];
	return NULL;
}

void trace_install_signals(struct trace *t)
{
	struct sigaction fatal = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO}, tick = {.sa_handler = on_tick}, ignore = {.sa_handler = SIG_IGN};
	sigset_t block, unblock;
	size_t i;

	for (i = 0; i < PT_COUNTOF(own_signals); i++)
		sigaction(own_signals[i], NULL, &found[i]);
	sigemptyset(&block);
	sigemptyset(&unblock);
	sigaddset(&block, SIGCHLD); /* the session's, PTL_OWN_SIGCHLD */
	sigaddset(&unblock, SIGALRM);
	for (i = 0; i < PT_COUNTOF(fatal_signals); i++) {
		if (t->config.interruptible >= 3)
			sigaddset(&block, fatal_signals[i]);
		else if (fatal_signals[i] != SIGHUP || found_action(SIGHUP)->sa_handler != SIG_IGN) /* nohup(1) stays in force */
			sigaction(fatal_signals[i], &fatal, NULL);
	}
	if (t->config.interruptible >= 4)
		sigaddset(&block, SIGTSTP);
	for (i = 0; i < PT_COUNTOF(ignored_signals); i++)
		sigaction(ignored_signals[i], &ignore, NULL);
	sigaction(SIGALRM, &tick, NULL);
	sigprocmask(SIG_BLOCK, &block, &found_mask);
	sigprocmask(SIG_UNBLOCK, &unblock, NULL);
	set_timer(false);
}

void trace_restore_signals(void)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(own_signals); i++)
		sigaction(own_signals[i], &found[i], NULL);
	sigprocmask(SIG_SETMASK, &found_mask, NULL);
}

uint64_t trace_found_mask(void)
{
	uint64_t mask = 0;
	int signo;

	for (signo = 1; signo <= 64; signo++)
		if (sigismember(&found_mask, signo) == 1)
			mask |= UINT64_C(1) << (signo - 1);
	return mask;
}

bool trace_wants_attention(void)
{
	if (!attention)
		return false;
	attention = 0;
	return true;
}

int trace_caught_signal(unsigned *ret_count)
{
	*ret_count = (unsigned)caught_count;
	return caught;
}

bool trace_signal_reached(pid_t program)
{
	return from_terminal && getpgid(program) == getpgrp();
}

void trace_timer(bool on)
{
	set_timer(on);
}
