/* SPDX-License-Identifier: MIT */
/* Diagnosis of refused attaches: from the facts, or from a pid. See diagnose.c. */
#ifndef PINTLE_DIAGNOSE_H
#define PINTLE_DIAGNOSE_H

#include <pintle/control.h>

#include "os/linux/procstat.h"

/* Pure: the first row of the evidence table that applies. */
void pt_diagnose_facts(const struct pt_facts *facts, struct ptl_diagnosis *ret);

/*
 * Why ptrace(2) refused a process, after the fact: error is its errno. ret->result is the library's code for the cause, -error if the
 * cause is not known; never 0.
 */
void pt_diagnose(pid_t pid, int error, struct ptl_diagnosis *ret);

#endif
