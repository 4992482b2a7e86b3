/* SPDX-License-Identifier: MIT */
/*
 * The tables that tools/sysdec/gen.py makes from the descriptions (desc/) and
 * from what was taken from the kernel's headers (data/).
 *
 * Everything refers by index, so that the tables are small and need no
 * relocation (the functions of custom types excepted).  The interpreter
 * (walk.c) trusts them: the generator has checked every index.
 */
#ifndef PINTLE_SYSDEC_TABLES_H
#define PINTLE_SYSDEC_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sd_kind {
	/* scalars: by value, in a register or in memory */
	K_INT, K_UINT, K_HEX, K_PTR, K_OCT, K_FD, K_DIRFD, K_PID, K_ID, K_MODE, K_UMODE, K_DEV, K_SIGNAL,
	K_TIME, K_FLAGS, K_ENUM, K_CHAR, K_LAST_SCALAR = K_CHAR,
	/* addresses of something: by value as well, but read from there */
	K_POINTER, /* p: type of what is there, x: direction; q: when out, reference: is it there?, or 0;
		      when both, the type at exit */
	K_STR,	   /* NUL-terminated; x: direction, flag SDF_PATH: not cut; q: most bytes or 0 */
	K_BUF,	   /* p: reference to the length; x: direction; q as of K_POINTER */
	/* objects in memory */
	K_STRUCT, /* p: struct */
	K_SIZED,  /* p: struct type, q: reference to its size as the caller gave it; size: what is too small */
	K_WITHIN, /* p: type, q: reference to the bytes there are for it; x: direction */
	K_ARRAY,  /* p: type of an item, q: reference to the count */
	K_CHARS,  /* a char array in a struct: a string that ends at the NUL or at the end */
	K_BYTES,  /* the same, all bytes, in hex */
	/* p: index of the function, q: its parameter reference */
	K_CUSTOM,
	K_NONE, /* the result of a call that never returns */
};

/* sd_type.flags */
enum { SDF_PATH = 1, SDF_SIGNED = 2, SDF_HEX = 4, SDF_PAIR = 8, SDF_OWN_NAME = 16 /* shows the field's name itself */ };

enum sd_direction { SD_IN = 1, SD_OUT = 2, SD_INOUT = 3, SD_BOTH = 4, SD_EITHER = 5 /* p on success, q on failure, at exit */ };

struct sd_type {
	uint8_t kind;
	uint8_t size; /* of a scalar in bytes; 0: the ABI's word */
	uint8_t flags;
	uint8_t x;
	uint16_t p, q;
};

/* --- References and expressions: uint16_t, a tag and an index ------------------- */

enum sd_ref_tag {
	SD_REF_SMALL = 0, /* the index itself */
	SD_REF_ARG = 1,	  /* register; bit 8 of the index: its low 32 bits only */
	SD_REF_FIELD = 2, /* field of the struct that is being shown */
	SD_REF_RET = 3,
	SD_REF_EXPR = 4,
	SD_REF_CONST = 5,
	SD_REF_AT = 6, /* the 32 bits that an argument, the index, points to */
};
#define SD_REF_TAG(r) ((r) >> 12)
#define SD_REF_INDEX(r) ((r) & 0xfff)
#define SD_NO_REF 0xffff

enum sd_op {
	OP_OROR, OP_ANDAND, OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_OR, OP_AND, OP_SHL, OP_SHR, OP_ADD,
	OP_SUB, OP_MUL, OP_DIV,
};

struct sd_expr {
	uint8_t op;
	uint8_t unused;
	uint16_t a, b; /* references; of expressions only to earlier ones, so that evaluation ends */
};

/* --- Sets of names --------------------------------------------------------------- */

enum { SDS_SORTED = 1, SDS_DENSE = 2, SDS_DECIMAL = 4, SDS_UNSIGNED = 8, SDS_HEX_RESULT = 16, SDS_SPLIT = 32, SDS_UNKNOWN_DECIMAL = 64 };

struct sd_set {
	uint32_t first;	  /* item */
	uint32_t unknown; /* text: "O_???", or 0 */
	uint32_t label;	  /* text before the names of a result: "flags ", or 0 */
	uint16_t count;
	uint8_t flags;
	uint8_t unused;
};

#define SD_SHIFT 255

struct sd_item {
	uint64_t value; /* cut to the set's width; of a field its mask */
	uint32_t name;	/* text; of a field the comment for what is no value of it, or 0: the set's */
	uint8_t len;
	uint8_t choices; /* > 0: a multi-bit field; the items that follow are its values. SD_SHIFT: a number; the
			    next item's value says how far up it stands */
};

/* --- Structs --------------------------------------------------------------------- */

enum { SDF_VERBOSE = 1 /* shown unabbreviated only */ };

struct sd_field {
	uint16_t type;
	uint16_t cond; /* reference, or SD_NO_REF */
	uint32_t name;
	uint16_t off[2], size[2]; /* by ABI: 64, 32 */
	uint8_t name_len;
	uint8_t flags;
};

struct sd_struct {
	uint16_t first, count; /* fields */
	uint16_t size[2];
};

/* --- Calls ----------------------------------------------------------------------- */

struct sd_arg {
	uint16_t type;
	uint16_t cond;
	uint32_t name;
	uint8_t name_len;
	uint8_t slot;
	uint8_t named; /* the name is always shown */
};

struct sd_variant {
	uint32_t value;
	uint16_t sig;
};

enum { SDC_LAZY = 1 /* no separator before the arguments of the exit */ };

struct sd_sig {
	uint16_t first, count; /* args */
	uint16_t entry;	       /* how many of them are printed at entry */
	uint16_t ret;	       /* type */
	uint16_t aux;	       /* index of a function that adds to the result, or SD_NO_REF */
	uint16_t by;	       /* reference that selects a variant, or SD_NO_REF */
	uint16_t variants, variant_count;
	uint8_t flags;
};

struct sd_call {
	uint32_t name;
	uint8_t name_len;
	uint8_t traits, path_args, fd_args;
	uint8_t arg_count;
	uint16_t sig;
	uint64_t classes;
};

struct sd; /* walk.h */

/* v: the register, or the scalar found in memory; p, n: the bytes if it is in memory, else NULL. */
typedef void sd_custom_fn(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n);
typedef void sd_aux_fn(struct sd *c);

extern const char pt_sd_text[];
extern const struct sd_type pt_sd_types[];
extern const uint64_t pt_sd_consts[];
extern const struct sd_expr pt_sd_exprs[];
extern const struct sd_set pt_sd_sets[];
extern const struct sd_item pt_sd_items[];
extern const struct sd_struct pt_sd_structs[];
extern const struct sd_field pt_sd_fields[];
extern const struct sd_arg pt_sd_args[];
extern const struct sd_variant pt_sd_variants[];
extern const struct sd_sig pt_sd_sigs[];
extern const struct sd_call pt_sd_calls[];
extern sd_custom_fn *const pt_sd_customs[];
extern sd_aux_fn *const pt_sd_auxes[];

#define SD_NO_CALL 0xffff
extern const uint16_t *const pt_sd_numbers[3]; /* by ABI: number -> call */
extern const uint16_t pt_sd_limits[3];

struct sd_class {
	const char *name;
	uint64_t bits;
};
extern const struct sd_class pt_sd_classes[]; /* ends with a NULL name */

/*
 * Sets and structs that C code needs by name are made into enumerators, in
 * sysdec/names.h (generated): SET_errno, STRUCT_sockaddr_in, TYPE_iovec ...
 */
#endif
