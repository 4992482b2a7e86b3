/* SPDX-License-Identifier: MIT */
/*
 * Results and errors.
 *
 * Every function that can fail returns an int (or a ssize-like int64_t): zero or
 * more is success, less is an error: -errno for the kernel's reasons, or one of
 * the PTL_E... codes below, negated, for ours.  The two ranges do not meet: Linux
 * keeps errno at or below 4095.
 *
 * PTL_ERROR_LIST is the one list from which the codes, their names and their
 * sentences are made.
 */
#ifndef PINTLE_ERRORS_H
#define PINTLE_ERRORS_H

#if defined(__GNUC__)
#define PTL_API __attribute__((visibility("default")))
#define PTL_MUST_CHECK __attribute__((warn_unused_result))
#else
#define PTL_API
#define PTL_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, sentence) */
#define PTL_ERROR_LIST(X)                                                                          \
	X(RUNNING, 4097, "the task is running; stop it first")                                     \
	X(GONE, 4098, "the task is gone")                                                          \
	X(NOTOURS, 4099, "the task does not belong to this session")                               \
	X(ALREADY, 4100, "the task belongs to this session already")                               \
	X(TRACED, 4101, "another tracer has the process")                                          \
	X(KERNELTASK, 4102, "a kernel thread cannot be traced")                                    \
	X(ZOMBIE, 4103, "the process is dead and waits for its parent")                            \
	X(SELF, 4104, "a tracer cannot trace itself or one that traces it")                        \
	X(EXEC, 4105, "the program could not be executed")                                         \
	X(NOREG, 4106, "there is no register of that name")                                        \
	X(REGSIZE, 4107, "the value does not fit the register")                                    \
	X(REGVALUE, 4108, "the kernel did not take the register's value")                          \
	X(PARTIAL, 4109, "only a part could be transferred")                                       \
	X(BADADDR, 4110, "nothing is mapped at that address")                                      \
	X(STATE, 4111, "not possible at this kind of stop")                                        \
	X(TIMEOUT, 4112, "the time allowed is over")                                               \
	X(UNSUPPORTED, 4113, "this kernel or machine does not offer it")                           \
	X(NOFUNC, 4114, "not available in this version")                                           \
	X(THREAD, 4115, "a session can be used only by the thread that made it")                   \
	X(BADDATA, 4116, "the data are malformed")                                                 \
	X(LIMIT, 4117, "a limit of the library was reached")                                       \
	X(STALE, 4118, "the event was answered already")

enum ptl_error {
#define PTL_ERROR_ENUM(name, value, text) PTL_E##name = value,
	PTL_ERROR_LIST(PTL_ERROR_ENUM)
#undef PTL_ERROR_ENUM
};

/*
 * The sentence for a negative result, of either range.  Static storage, never
 * NULL; does not fail.  The session's own sentence (ptl_message) says more.
 */
PTL_API const char *ptl_error_text(int result);

/*
 * The name of a negative result: "ENOENT", "PTL_EGONE".  Static storage, never
 * NULL.
 */
PTL_API const char *ptl_error_name(int result);

#ifdef __cplusplus
}
#endif
#endif
