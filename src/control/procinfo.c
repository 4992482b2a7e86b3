/* SPDX-License-Identifier: MIT */
/* ptl_process_info(): the facts of os/linux/procstat.c, for users of the library. */
#include <pintle/procinfo.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "os/linux/procstat.h"

int ptl_process_info(pid_t pid, struct ptl_process_info *ret_info)
{
	PT_CLEANUP(pt_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pt_facts f;
	struct ptl_process_info *i = ret_info;

	if (pid <= 0)
		return -EINVAL;
	if (proc < 0)
		return -ENOENT;
	pt_facts_gather(proc, pid, 0, &f);
	if (!f.exists)
		return -ESRCH;
	memset(i, 0, sizeof(*i));
	i->pid = pid;
	i->tgid = f.it.tgid;
	i->parent = f.it.ppid;
	i->tracer = f.tracer_tgid ? f.tracer_tgid : f.it.tracer;
	i->state = f.it.state;
	memcpy(i->name, f.it.name, sizeof(i->name));
	memcpy(i->parent_name, f.parent_name, sizeof(i->parent_name));
	memcpy(i->tracer_name, f.tracer_name, sizeof(i->tracer_name));
	memcpy(i->uid, f.it.uid, sizeof(i->uid));
	memcpy(i->gid, f.it.gid, sizeof(i->gid));
	i->cap_permitted = f.it.cap_permitted;
	i->cap_effective = f.it.cap_effective;
	i->seccomp = f.it.seccomp;
	i->threads = f.it.threads > 0 ? (unsigned)f.it.threads : 0;
	i->live_thread = f.live_tid;
	i->arch = f.it.kthread ? 0 : pt_proc_arch(proc, pid);
	i->dumpable = f.owner == f.it.uid[1];
	i->kernel_thread = f.it.kthread;
	pt_proc_wchan(proc, pid, i->wait_channel, sizeof(i->wait_channel));
	snprintf(i->namespace_pids, sizeof(i->namespace_pids), "%s", f.it.nspid);
	snprintf(i->label, sizeof(i->label), "%s", f.label);
	return 0;
}
