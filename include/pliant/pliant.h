/**
 * Pliant: allreduce over MPI for networks that cannot be relied on.
 *
 * This is the C interface. Names and argument orders are MPI's. Every function returns MPI_SUCCESS or an MPI
 * error code, after the communicator's MPI error handler has run. A call that is refused for its arguments
 * has no effect and leaves the communicator usable. `Pliant_Error_string` returns the message.
 *
 * The error handler runs once per error, as the last thing that the call does, with no lock held. It may call
 * Pliant. A handler in C++ may throw: the exception reaches the caller of the Pliant function.
 *
 * With the environment variable PLIANT_TRACE = path, rank 0 of MPI_COMM_WORLD writes a row for each call to
 * an HDF5 file. A file in use is never replaced: the trace then goes to path-1.h5, -2, ... with a warning.
 * The file of an ended run is replaced. Patterns in the path: %j job, %h host, %p process, %r rank, %t time,
 * %% percent. The file can be read while the run goes on. A trace that cannot be written, or that the program
 * ends with H5close, stops with a warning; no call fails for it. docs/guide/reports_and_traces.md
 *
 * An operation whose messages fail ends with an error on all ranks: see Pliant_Comm_repair.
 *
 * Collective means: called by every rank of the communicator, in the same order, as MPI's collectives are.
 * If one rank cannot take part (bad arguments to an init call, bad PLIANT_* settings of its process), all
 * ranks get an error. Local means: nothing is sent and no rank is waited for.
 *
 * Communicators: MPI_Comm_free stays local. Requests outlive their communicator, as MPI's do, and then raise
 * errors on MPI_COMM_WORLD. MPI_Comm_dup copies settings, as it copies MPI's hints; residuals stay with the
 * original.
 *
 * Threads need MPI_THREAD_MULTIPLE and follow MPI's rules. Different threads may use different communicators
 * at the same time, and requests of one communicator. Two simultaneous collective calls on one communicator
 * are a program error. A call that waits lets other threads in, and advances what they start.
 *
 * MPI_Finalize ends Pliant. In callbacks that it runs afterwards, Pliant_Allreduce is MPI's own and every
 * other call is refused. Requests must be complete by then, and can be freed at any time.
 */
#ifndef PLIANT_PLIANT_H
#define PLIANT_PLIANT_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#define PLIANT_VERSION_MAJOR 0
#define PLIANT_VERSION_MINOR 1
#define PLIANT_VERSION_PATCH 0
#define PLIANT_MAX_ERROR_STRING 1024

#ifdef __cplusplus
extern "C" {
#endif

/* ---- One MPI ---- */

/*
 * Handles and constants differ between MPI families. A program compiled with the mpi.h of another family than
 * the library's neither links nor loads: the symbol below exists only in its own family's build. A program
 * that opens the library with dlopen() defines PLIANT_DLOPEN before it includes this file. A library of
 * another family then ends the program with a one-line message. docs/guide/mpi.md
 */
#if defined(OPEN_MPI)
#define PLIANT_BUILT_FOR_MPI Pliant_Built_for_Open_MPI
#elif defined(MPI_ABI_VERSION)
#define PLIANT_BUILT_FOR_MPI Pliant_Built_for_MPI_ABI
#elif defined(MPICH) || defined(MPICH_NAME) || defined(MPICH_VERSION)
#define PLIANT_BUILT_FOR_MPI Pliant_Built_for_MPICH
#else
#define PLIANT_BUILT_FOR_MPI Pliant_Built_for_another_MPI
#endif
extern const int PLIANT_BUILT_FOR_MPI;
#if defined(__GNUC__) && !defined(PLIANT_DLOPEN)
static const int* const pliant_built_for_mpi __attribute__((used)) = &PLIANT_BUILT_FOR_MPI;
#endif

/* ---- Drop-in ---- */

/**
 * Reduce `count` elements over every rank of `comm`, leaving the result on all of them.
 *
 * Takes MPI_Allreduce's arguments in its order and keeps its contract, so a call site changes by one word.
 * Collective; blocks until `recvbuf` is complete. Any datatype, operation and communicator is valid. A call
 * goes to MPI if Pliant has no kernel for it, on an intercommunicator, or with PLIANT_ENABLE=0. MPI's rules
 * hold for such a call: MPI_BOTTOM, datatypes of size zero, MPI_DATATYPE_NULL, and MPI's own errors.
 * Exact up to the order of additions, unless the communicator has opted in to loss (`pliant_mode = topk`,
 * float sums only). All ranks end with the same bits.
 *
 * Both buffers may lie in the memory of one GPU (cudaMalloc, or managed), on all ranks or on none. Pliant
 * first waits for the work on the stream `pliant_cuda_stream` (unset: the legacy default stream). The result
 * is complete on return. A stream that does not exist, or that is being captured into a graph, is
 * MPI_ERR_ARG, and nothing has happened then. docs/guide/gpu.md
 *
 * @param sendbuf  [count] elements, or MPI_IN_PLACE to read them from `recvbuf`
 * @param recvbuf  [count] elements; may not overlap `sendbuf`, unless it is `sendbuf` (taken as in place)
 * @param count    elements (not bytes) per rank; >= 0 and equal on every rank. If ranks differ, messages of
 * the wrong length are errors (MPI_ERR_ARG) and never write beyond the buffers. PLIANT_CHECK=1 compares every
 * call.
 *
 * @return MPI_SUCCESS, or MPI_ERR_COUNT, MPI_ERR_BUFFER, MPI_ERR_COMM for bad arguments. MPI_ERR_INFO_VALUE
 * if the environment holds a setting that cannot be used. Otherwise what MPI returned.
 */
int Pliant_Allreduce(const void* sendbuf, void* recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm);

/** Pliant_Allreduce with a 64-bit count. A call that goes to MPI is split into pieces whose counts fit an
 * int, since a reduction works element by element. */
int Pliant_Allreduce_c(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                       MPI_Comm comm);

/* ---- Settings ---- */

/**
 * Set `pliant_*` keys on a communicator. Collective; every rank gives the same keys and values (checked).
 *
 * Keys that do not begin with `pliant_` are ignored, as MPI ignores hints it does not know; an unknown
 * `pliant_` key is an error. All or nothing: if any key on any rank is refused, every rank gets an error and
 * no setting changes. An environment variable PLIANT_<KEY> overrides the value given here, except that it
 * cannot override `pliant_assert_exact`. If PLIANT_ALGORITHM names only lossy algorithms, it applies to
 * communicators and requests in mode `topk`. Exact calls then choose among exact algorithms, with one
 * warning.
 *
 * Keys given to MPI itself count if MPI keeps them; Pliant looks when it first uses a communicator. Open MPI
 * 4.1 keeps those of MPI_Comm_dup_with_info, which count as if given here. A wrong one makes every call that
 * needs settings fail until it is corrected here. MPICH 4.0 keeps none. Neither keeps those of
 * MPI_Comm_set_info: they have no effect.
 *
 * @return MPI_ERR_INFO_KEY, MPI_ERR_INFO_VALUE, or MPI_ERR_ARG where ranks disagree
 */
int Pliant_Comm_set_info(MPI_Comm comm, MPI_Info info);

/** Return the values in force, one key each, in a new `*info_used`: free it with MPI_Info_free. Collective on
 * the first use. */
int Pliant_Comm_get_info(MPI_Comm comm, MPI_Info* info_used);

/* ---- Persistent and grouped: one handle per tensor, owner of its residual ---- */

typedef struct Pliant_Request_s* Pliant_Request;
#define PLIANT_REQUEST_NULL ((Pliant_Request)0)

/**
 * Prepare an allreduce that is started many times, with its residual (error feedback) in the handle.
 * Collective.
 *
 * The argument order is that of MPI_Allreduce_init. `info` (or MPI_INFO_NULL) holds `pliant_*` keys for this
 * request alone. The buffers must stay valid until Pliant_Request_free. The residual starts at zero, or at
 * what Pliant_Comm_load_state has loaded for it. `pliant_name` must differ from that of every other request
 * alive on `comm`, else MPI_ERR_ARG on all ranks. Buffers in a GPU's memory need a datatype and an operation
 * that Pliant has kernels for.
 *
 * `datatype` may be freed after this call. A user-defined `op` must live as long as the request: MPI has no
 * way to duplicate an operation. If the datatype, the operation or PLIANT_ENABLE=0 leaves the work to MPI,
 * MPI's rules hold as in Pliant_Allreduce.
 *
 * A request takes 8 message tags of the communicator, and Pliant_Request_free gives them back. At most
 * (MPI_TAG_UB + 1) / 8 - 1 requests may be alive: an init call beyond that fails on all ranks.
 *
 * If the call fails, `*request` is PLIANT_REQUEST_NULL.
 */
int Pliant_Allreduce_init(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype,
                          MPI_Op op, MPI_Comm comm, MPI_Info info, Pliant_Request* request);

/**
 * Prepare an allreduce of `ntensors` tensors, reduced as one message of sum(counts) elements. Collective.
 *
 * In mode `topk` the kept elements are the largest of all tensors together. For a given number of kept
 * elements this minimises the summed squared error over the tensors (it is Kimad+'s optimum for top-k).
 *
 * @param sendbufs  [ntensors] pointers, each to counts[i] elements, or MPI_IN_PLACE
 * @param recvbufs  [ntensors] pointers, each to counts[i] elements
 */
int Pliant_Grouped_allreduce_init(int ntensors, const void* const sendbufs[], void* const recvbufs[],
                                  const MPI_Count counts[], MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                                  MPI_Info info, Pliant_Request* request);

/**
 * Start an inactive request. Local; each rank may start its requests in its own order. The buffers belong to
 * Pliant until the request completes. The reduction begins here, with selecting what to send. It goes on in
 * Pliant_Test, Pliant_Wait and every other Pliant call that waits, on any communicator. With
 * PLIANT_PROGRESS_THREAD=1 and MPI_THREAD_MULTIPLE it also goes on while the program computes. Starting a
 * started request is an error and changes nothing.
 */
int Pliant_Start(Pliant_Request request);
/** Start every request, even if some fail. Returns the first error; each error has run its own communicator's
 * error handler. If handlers throw, the first exception is thrown after the last start. */
int Pliant_Startall(int n, Pliant_Request requests[]);
/** Advance started operations, without blocking. `*flag` = 1: the request is complete, and inactive again. An
 * error that ended it is returned here. */
int Pliant_Test(Pliant_Request request, int* flag);
/** Block until the request is complete; it becomes inactive. On an inactive request: returns at once. */
int Pliant_Wait(Pliant_Request request);
/** Wait for every request, with errors as in Pliant_Startall. */
int Pliant_Waitall(int n, Pliant_Request requests[]);
/** Free an inactive request; `*request` becomes PLIANT_REQUEST_NULL. Local, before or after MPI_Comm_free and
 * MPI_Finalize. Drops its residual: call Pliant_Request_flush first if it is still wanted. */
int Pliant_Request_free(Pliant_Request* request);

/* ---- Explain ---- */

/** One operation, done or planned. The caller sets `size` to sizeof(Pliant_Report). Later versions add
 * members only at the end. */
typedef struct {
  size_t size;
  char algorithm[32];
  double density; /* kept / elements; 1 when nothing was left out */
  double gain;    /* ||sent||^2 / ||gradient + residual||^2 on this rank, in [0, 1], over the finite elements;
                     1 when exact, or when none are finite; NaN in a plan */
  double predicted_s; /* [s] by the cost model, compression included */
  double measured_s;  /* [s] on this rank. For a request: from its start to its end, the program's own work
                         included. NaN in a plan */
  double compress_s;  /* [s] of measured_s spent in selecting, gathering and scattering */
  double compute_s;   /* [s] between the previous operation's end and this one's begin, without measuring the
                         network. If the policy needs it: median of the last three, max over ranks */
  double alpha_s;     /* [s] latency of the link model in force */
  double beta_s_per_byte; /* [s/byte] inverse bandwidth of the link model in force */
  int64_t elements;
  int64_t kept;         /* elements that each message of values covers: k, or `elements` when exact */
  int64_t wire_bytes;   /* [byte] this rank sent; in a plan: the mean over ranks */
  int64_t nonfinite;    /* NaN and infinities among the elements this rank selected; they are sent first */
  double residual_norm; /* norm of what this rank has not sent yet, 0 when exact; not finite while one of its
                           elements is not */
  int32_t exact;        /* 1 when nothing was left out */
  char reason[164];     /* why this algorithm and this density */
  int32_t late_rank;    /* the straggler: the rank that others wait for, again and again; -1: none known */
  double late_s;        /* [s] that it typically arrives after the median rank */
} Pliant_Report;

/** Report the last completed operation of a request. Local. MPI_ERR_REQUEST before the first one. */
int Pliant_Request_get_report(Pliant_Request request, Pliant_Report* report);
/** Report the last blocking call on `comm`. Local. MPI_ERR_OTHER before the first one. */
int Pliant_Comm_get_report(MPI_Comm comm, Pliant_Report* report);

/**
 * List every candidate algorithm for such a call on `comm`, lowest predicted time first. Local. two_level_* are left
 * out where they equal another algorithm, unless pliant_algorithm names them.
 *
 * @param max      room in `reports`; with max = 0 only `*n` is written
 * @param reports  [max]; the caller sets reports[0].size
 * @param n        number of candidates, which may exceed max
 *
 * @return MPI_ERR_OTHER while the network has not been measured. Pliant_Comm_probe measures it, and so does
 * any call of 16 KiB or more.
 */
int Pliant_Comm_plan(MPI_Comm comm, MPI_Count count, MPI_Datatype datatype, MPI_Op op, int max,
                     Pliant_Report reports[], int* n);

/** Measure the network now. Collective; completes started requests first. Takes at most about
 * PLIANT_PROBE_MAX_MS. */
int Pliant_Comm_probe(MPI_Comm comm);

/* ---- State and errors ---- */

/**
 * Write every residual, everything learned about tensors and the network, and the cost model to one HDF5
 * file. Collective; rank 0 writes. Needs a build with HDF5. Requests are identified by `pliant_name`, or else
 * by the order in which they were made. Tensors of blocking calls are identified by their count and the order
 * in which they were first reduced.
 *
 * This call, load, flush and probe complete started requests first; Pliant_Wait still returns their result.
 * If ranks have started different requests, every rank gets MPI_ERR_REQUEST.
 *
 * `path` changes in one step, after everything is written. A reader that has the old file open keeps it. If
 * two jobs save to one path at once, the file of the last one stays, complete.
 */
int Pliant_Comm_save_state(MPI_Comm comm, const char* path);
/** Read a state file, on the same number of ranks. Later requests and blocking calls find their state too: an
 * init whose count is not the one in the file is an error. All or nothing: if the file or the requests of the
 * ranks disagree (names, counts, steps, error feedback), every rank gets an error and nothing changes. */
int Pliant_Comm_load_state(MPI_Comm comm, const char* path);

/** Make a communicator usable again after an operation on it has failed. Collective, also on ranks that have
 * not noticed. Until then collective calls and Pliant_Start fail. docs/guide/after_an_error.md says what is
 * kept and lost. */
int Pliant_Comm_repair(MPI_Comm comm);

/** Add the outstanding residuals of all ranks, exactly, to `recvbuf`, and set them to zero. Collective. The
 * request must be inactive: if it is not on some rank, every rank gets an error. */
int Pliant_Request_flush(Pliant_Request request);

/**
 * Lossy blocking calls keep a residual for each tensor, too. Pliant identifies such a tensor by its count and
 * by the address of `recvbuf` on every rank, since it knows nothing else about a call. Forget (or flush) a
 * buffer before you free it: another tensor at its address would get its residual.
 *
 * - A recvbuf that is reduced with several counts has a residual for each; one warning.
 * - Ranks that combine their buffers in another way than before reduce another tensor.
 * - A communicator remembers 64 such tensors. Calls beyond them are exact; one warning.
 * - An exact call (pliant_mode = exact, pliant_min_bytes, other operations) adds no residual and changes
 * none. If new settings make calls exact that have a residual, there is one warning.
 * - Outstanding residuals are dropped when the communicator is freed.
 */

/**
 * Add to `recvbuf`, exactly, what all ranks have not sent of blocking calls into it, for each count; then
 * those residuals are zero. Collective; every rank gives its buffer of one and the same call. NULL on all
 * ranks means all blocking calls, each into its own recvbuf, which must still exist.
 *
 * @return MPI_ERR_BUFFER, on all ranks, if they give buffers of different calls, or NULL on some ranks only
 */
int Pliant_Comm_flush(MPI_Comm comm, void* recvbuf);
/** Drop the residuals that Pliant_Comm_flush would add. Collective, with the same arguments. Touches no
 * buffer, so `recvbuf` may have been freed. NULL also drops what was loaded for blocking calls and not used
 * yet. */
int Pliant_Comm_forget(MPI_Comm comm, const void* recvbuf);

/**
 * Return the text for an error code; not before MPI_Init. For the code that Pliant returned last in this
 * process it is that call's own message, with rank, tensor, value and rule. Otherwise it is MPI's.
 *
 * @param text  [PLIANT_MAX_ERROR_STRING]
 * @param len   characters written, without the end
 */
int Pliant_Error_string(int code, char* text, int* len);

/* ---- Inspection: needs no MPI_Init ---- */

/** One setting: its names, default, values, unit and meaning. Texts live as long as the library. */
typedef struct {
  const char* key; /* info key, `pliant_density`; "" for a setting of the process, not of a communicator */
  const char* environment; /* `PLIANT_DENSITY` */
  const char* default_value;
  const char* values;
  const char* unit;
  const char* meaning;
} Pliant_Setting;

typedef struct {
  const char* name;
  const char* summary;
  int exact;
  int memory; /* PLIANT_HOST_MEMORY + PLIANT_DEVICE_MEMORY: where the buffers may be; algorithms only */
} Pliant_Entry;
#define PLIANT_HOST_MEMORY 1
#define PLIANT_DEVICE_MEMORY 2

int Pliant_Setting_get_num(int* n);
int Pliant_Setting_get_info(int index, Pliant_Setting* setting);
/**
 * Return the value a process would start with, from the environment or the default; `*source` says which.
 * Both are written even if the value cannot be used: then the reason goes to stderr and the result is
 * MPI_ERR_INFO_VALUE.
 */
int Pliant_Setting_get_value(int index, char* value, int room, const char** source);
int Pliant_Algorithm_get_num(int* n);
int Pliant_Algorithm_get_info(int index, Pliant_Entry* entry);
int Pliant_Kernels_get_num(int* n);
/** Kernel tables in order of preference; `exact` is 1 for those usable on this processor. */
int Pliant_Kernels_get_info(int index, Pliant_Entry* entry);
/** Encodings of kept indices (pliant_index_codec) and of their values (pliant_value_codec). `exact` is 1 for
 * those that do not round. */
int Pliant_Index_codec_get_num(int* n);
int Pliant_Index_codec_get_info(int index, Pliant_Entry* entry);
int Pliant_Value_codec_get_num(int* n);
int Pliant_Value_codec_get_info(int index, Pliant_Entry* entry);
/** One line: the version, and the optional parts of this build. */
const char* Pliant_Get_library_version(void);

/** Support for buffers in a GPU's memory. The caller sets `size` to sizeof(Pliant_Device_support). */
typedef struct {
  size_t size;
  int cuda_runtime;   /* 1000 major + 10 minor, of the library Pliant was built with; 0: built without CUDA */
  int cuda_driver;    /* the newest that this machine's driver can run, in the same form; 0: no driver */
  int nccl;           /* 10000 major + 100 minor + patch; 0: built without NCCL */
  int devices;        /* devices that this process can use */
  int mpi_cuda_aware; /* 1: the MPI library says that it takes a device's pointers; some say so only after
                         MPI_Init */
  const char* problem; /* why there is no device; "" where there is one */
} Pliant_Device_support;
int Pliant_Get_device_support(Pliant_Device_support* support);

/** A hypothetical network and call for Pliant_Explain. Set all members. */
typedef struct {
  size_t size;
  int ranks;
  double alpha_s;         /* [s] latency of a message */
  double beta_s_per_byte; /* [s/byte] */
  int64_t count;          /* float elements */
  double density;         /* (0, 1] */
  int paper_model;        /* 1: the papers' formulas and algorithms only (no compute or compression time) */
} Pliant_Scenario;

/** Pliant_Comm_plan for a described network. With paper_model = 0, compression is first timed on this
 * processor. */
int Pliant_Explain(const Pliant_Scenario* scenario, int max, Pliant_Report reports[], int* n);

/** Link model of one pair of ranks, measured by ping-pong. */
typedef struct {
  int rank, peer;
  int same_host;
  double alpha_s, alpha_low_s, alpha_high_s;                         /* 95 % confidence interval */
  double beta_s_per_byte, beta_low_s_per_byte, beta_high_s_per_byte; /* 95 % confidence interval */
  int samples;
} Pliant_Link;

/** Measure every pair's link and return the links on every rank. Collective. `*n` = pairs measured; `links`
 * has room for `max`. */
int Pliant_Comm_probe_links(MPI_Comm comm, int max, Pliant_Link links[], int* n);

#ifdef __cplusplus
}
#endif
#endif
