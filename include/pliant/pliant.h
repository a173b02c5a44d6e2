/**
 * Pliant: allreduce over MPI for networks that cannot be relied on.
 *
 * The C interface, and the border of the product. Names and argument orders are MPI's. Every function returns
 * MPI_SUCCESS or an MPI error code, after the communicator's MPI error handler has run; a call refused for
 * its arguments has no effect and leaves the communicator usable. `Pliant_Error_string` tells what was wrong.
 *
 * The error handler runs once for an error, as the last thing that the call does: no lock is held. It may
 * call Pliant, and a handler in C++ may throw: the exception arrives at the caller of the Pliant function.
 *
 * With the environment variable PLIANT_TRACE = path, rank 0 of MPI_COMM_WORLD writes a row for each call to
 * an HDF5 file. A file in use is never replaced: the trace is then path-1.h5, -2, ... with a warning; an
 * ended run's file is replaced. Patterns in the path: %j job, %h host, %p process, %r rank, %t time, %%
 * percent. The file is readable while the run goes on. A trace that cannot be written ends with a warning; no
 * call fails for it, nor for H5close by the program, which ends it too. docs/traces.md
 *
 * An operation that fails in its messages ends with an error on all ranks: see Pliant_Comm_repair.
 *
 * Collective means: called by every rank of the communicator, in the same order, as MPI's collectives are.
 * Where a rank cannot take part (its arguments of an init, its process's PLIANT_* settings), all ranks get an
 * error. Local means: nothing is sent and no rank is waited for.
 *
 * Communicators: MPI_Comm_free is local for Pliant, too; requests outlive their communicator, as MPI's do,
 * and then raise errors on MPI_COMM_WORLD. MPI_Comm_dup takes settings over, as MPI's hints; residuals stay
 * with the original.
 *
 * Threads, with MPI_THREAD_MULTIPLE, as MPI has it: different threads may use different communicators at a
 * time, and requests of one communicator; two collective calls on one communicator at a time are an error of
 * the program. A call that waits lets other threads in, and advances what they start.
 *
 * MPI_Finalize ends Pliant. In callbacks that it runs afterwards Pliant_Allreduce is MPI's own, and all else
 * is refused. Requests must be complete by then; they can be freed at any time.
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
 * Handles and constants differ between MPI families. A program that was compiled with another family's mpi.h
 * than the library does not link, and does not load: it refers to a symbol that only its own family's build
 * defines. A program that opens the library with dlopen() defines PLIANT_DLOPEN before it includes this
 * file; a library of another family then ends it with one line. docs/mpi.md
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
 * Collective; blocks until `recvbuf` is complete. Any datatype, operation and communicator: what Pliant has
 * no better way for is passed to MPI, with the arguments as they are. There MPI's rules hold: MPI_BOTTOM,
 * datatypes of size zero, MPI_DATATYPE_NULL, and the error that MPI raises. Exact up to the order of
 * additions, unless the communicator has opted in to loss (`pliant_mode = topk`, float sums only). All ranks
 * end with the same bits.
 *
 * Both buffers may lie in the memory of one GPU (cudaMalloc, or managed), on all ranks or on none. The work
 * that the program has put on the stream `pliant_cuda_stream` (the legacy default stream without it) comes
 * before, and the result is complete on return. A stream that does not exist, or that is captured into a
 * graph, is MPI_ERR_ARG, and nothing has happened then. docs/gpu.md
 *
 * @param sendbuf  [count] elements, or MPI_IN_PLACE to read them from `recvbuf`
 * @param recvbuf  [count] elements; may not overlap `sendbuf`, unless it is `sendbuf` (taken as in place)
 * @param count    elements (not bytes) per rank; >= 0 and equal on every rank. Where ranks differ, messages
 * of the wrong length are errors (MPI_ERR_ARG) and are never written beyond the buffers; PLIANT_CHECK=1
 * compares every call
 * @return MPI_SUCCESS; MPI_ERR_COUNT, MPI_ERR_BUFFER, MPI_ERR_COMM for bad arguments; MPI_ERR_INFO_VALUE when
 * the environment holds a setting that cannot be used; otherwise what MPI returned
 */
int Pliant_Allreduce(const void* sendbuf, void* recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm);

/** The same with a 64-bit count. Where MPI itself has to do it, it does so in pieces whose counts fit an
 * int: reductions are element by element. */
int Pliant_Allreduce_c(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                       MPI_Comm comm);

/* ---- Settings ---- */

/**
 * Set `pliant_*` keys on a communicator. Collective; every rank gives the same keys and values (checked).
 *
 * Keys that do not begin with `pliant_` are ignored, as MPI ignores hints it does not know; an unknown
 * `pliant_` key is an error. All or nothing: if any key on any rank is refused, every rank gets an error and
 * no setting changes. An environment variable PLIANT_<KEY> beats the value given here, except against
 * `pliant_assert_exact`. Where PLIANT_ALGORITHM names lossy algorithms alone, it applies to communicators and
 * requests in mode `topk`; exact calls choose among exact ones, with one warning.
 *
 * Keys given to MPI itself count as far as MPI keeps them, which is seen when Pliant first uses a
 * communicator. Open MPI 4.1 keeps those of MPI_Comm_dup_with_info: they are taken as if given here; a wrong
 * one is the error of every call that needs settings, until it is corrected here. MPICH 4.0 keeps none, and
 * neither keeps those of MPI_Comm_set_info: there they have no effect.
 *
 * @return MPI_ERR_INFO_KEY, MPI_ERR_INFO_VALUE, or MPI_ERR_ARG where ranks disagree
 */
int Pliant_Comm_set_info(MPI_Comm comm, MPI_Info info);

/** The values in force, one key each; `*info_used` is new, free it with MPI_Info_free. Collective on the
 * first use. */
int Pliant_Comm_get_info(MPI_Comm comm, MPI_Info* info_used);

/* ---- Persistent and grouped: one handle per tensor, owner of its residual ---- */

typedef struct Pliant_Request_s* Pliant_Request;
#define PLIANT_REQUEST_NULL ((Pliant_Request)0)

/**
 * Prepare an allreduce that is started many times, with its residual (error feedback) in the handle.
 * Collective.
 *
 * Argument order of MPI_Allreduce_init. `info` (or MPI_INFO_NULL) holds `pliant_*` keys for this request
 * alone. The buffers must stay valid until Pliant_Request_free. The residual starts at zero, or at what
 * Pliant_Comm_load_state has loaded for it. `pliant_name` must differ from that of every other request alive
 * on `comm`, else MPI_ERR_ARG on all ranks.
 * Buffers in a GPU's memory need a datatype and an operation that Pliant has kernels for.
 *
 * `datatype` may be freed after this call. A user-defined `op` must live as long as the request: MPI has no
 * way to duplicate an operation. With a datatype, operation or PLIANT_ENABLE=0 that leave the work to MPI,
 * its rules hold as in Pliant_Allreduce.
 *
 * A request takes 8 message tags of the communicator, which Pliant_Request_free gives back. An init call that
 * finds no tags free on all ranks fails on all of them: (MPI_TAG_UB + 1) / 8 - 1 requests may be alive.
 */
int Pliant_Allreduce_init(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype,
                          MPI_Op op, MPI_Comm comm, MPI_Info info, Pliant_Request* request);

/**
 * The same for `ntensors` tensors reduced together as one message of sum(counts) elements. Collective.
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
 * Start an inactive request. Local; starts may come in another order on every rank. The buffers belong to
 * Pliant until the request completes. The reduction begins here (selecting what to send included) and goes on
 * in Pliant_Test, Pliant_Wait and every other Pliant call that waits, whatever its communicator; with
 * PLIANT_PROGRESS_THREAD=1 and MPI_THREAD_MULTIPLE also while the program computes. Starting a request that
 * is started is an error and changes nothing.
 */
int Pliant_Start(Pliant_Request request);
/** Each is started, whatever becomes of the others. The first error is returned; each error has run its own
 * communicator's error handler. If handlers throw, the first exception is thrown after the last start. */
int Pliant_Startall(int n, Pliant_Request requests[]);
/** Let started operations go on, without blocking. `*flag` = 1: the request is complete, and inactive again;
 * an error that ended it is returned here. */
int Pliant_Test(Pliant_Request request, int* flag);
/** Block until the request is complete; it becomes inactive. On an inactive request: returns at once. */
int Pliant_Wait(Pliant_Request request);
/** Each is waited for, with errors as in Pliant_Startall. */
int Pliant_Waitall(int n, Pliant_Request requests[]);
/** Free an inactive request; `*request` becomes PLIANT_REQUEST_NULL. Local, in any order with MPI_Comm_free
 * and MPI_Finalize, and after both. Its residual is dropped: call Pliant_Request_flush before where it is
 * still wanted. */
int Pliant_Request_free(Pliant_Request* request);

/* ---- Explain ---- */

/** One operation, done or planned. The caller sets `size` to sizeof(Pliant_Report); the struct grows at its
 * end only. */
typedef struct {
  size_t size;
  char algorithm[32];
  double density; /* kept / elements; 1 when nothing was left out */
  double gain;    /* ||sent||^2 / ||gradient + residual||^2 on this rank, in [0, 1], of the finite elements
                     alone; 1 when exact, or where there are none; NaN in a plan */
  double predicted_s; /* [s] by the cost model, compression included */
  double measured_s;  /* [s] on this rank; of a request: from its start to its end, the program's own work
                         between included; NaN in a plan */
  double compress_s;  /* [s] of measured_s spent in selecting, gathering and scattering */
  double compute_s;   /* [s] between the previous operation's end and this one's begin, measuring the network
                         left out; where the policy needs it: median of the last three, max over ranks */
  double alpha_s;     /* [s] latency of the link model in force */
  double beta_s_per_byte; /* [s/byte] inverse bandwidth of the link model in force */
  int64_t elements;
  int64_t kept;         /* elements each message of values stands for: k, or `elements` when exact */
  int64_t wire_bytes;   /* [byte] this rank sent; in a plan: the mean over ranks */
  int64_t nonfinite;    /* NaN and infinities among the elements this rank selected; they are sent first */
  double residual_norm; /* ||what this rank has not sent yet||, 0 when exact; not finite while an element of
                           that is not */
  int32_t exact;        /* 1 when nothing was left out */
  char reason[164];     /* why this algorithm and this density */
  int32_t late_rank; /* rank that the others have to wait for, again and again; -1: none, or none is known */
  double late_s;     /* [s] it comes after the median rank, typically */
} Pliant_Report;

/** The last completed operation of a request. Local. MPI_ERR_REQUEST-class errors become MPI_ERR_ARG. */
int Pliant_Request_get_report(Pliant_Request request, Pliant_Report* report);
/** The same for the blocking calls on `comm`. Local. */
int Pliant_Comm_get_report(MPI_Comm comm, Pliant_Report* report);

/**
 * Every candidate for such a call on `comm`, cheapest predicted first; local, sends nothing.
 *
 * @param max      room in `reports`; with max = 0 only `*n` is written
 * @param reports  [max]; the caller sets reports[0].size
 * @param n        candidates there are, which may be more than max
 * @return MPI_ERR_OTHER when the network has not been measured yet (Pliant_Comm_probe, or any call of 16 KiB
 * or more)
 */
int Pliant_Comm_plan(MPI_Comm comm, MPI_Count count, MPI_Datatype datatype, MPI_Op op, int max,
                     Pliant_Report reports[], int* n);

/** Measure the network now. Collective; started requests are brought to their end first. Takes at most about
 * PLIANT_PROBE_MAX_MS. */
int Pliant_Comm_probe(MPI_Comm comm);

/* ---- State and errors ---- */

/**
 * Write every residual, what was learned of tensors and of the network, and the cost model to one HDF5 file.
 * Collective; rank 0 writes. Needs a build with HDF5. Requests are known by `pliant_name`, or else by the
 * order in which requests were made; tensors of blocking calls by their count and the order in which they
 * were first reduced.
 *
 * Started requests are brought to their end first (Pliant_Wait still tells of it). So do load, flush and
 * probe. Where ranks have started different requests, every rank gets MPI_ERR_REQUEST.
 *
 * `path` changes in one step, when all is written: a reader that has the old file open keeps it, and of two
 * jobs that save to one path at once the last one's file stays, whole.
 */
int Pliant_Comm_save_state(MPI_Comm comm, const char* path);
/** Read it back, on the same number of ranks. Requests and blocking calls that come later find their state
 * too: an init whose count is not the one in the file is an error. All or nothing: where the file or the
 * requests of the ranks disagree (names, counts, steps, error feedback), every rank gets an error and nothing
 * changes. */
int Pliant_Comm_load_state(MPI_Comm comm, const char* path);

/** Make a communicator usable again on which an operation has failed. Collective, also on ranks that have not
 * noticed. Until then collective calls and Pliant_Start fail. What stays, and what is lost: docs/repair.md */
int Pliant_Comm_repair(MPI_Comm comm);

/** Add the outstanding residuals of all ranks, exactly, to `recvbuf`; then they are zero. Collective. The
 * request must be inactive: if it is not on some rank, every rank gets an error. */
int Pliant_Request_flush(Pliant_Request request);

/**
 * Blocking calls that lose something keep a residual for each tensor, too. A tensor of blocking calls is a
 * count, and the address of `recvbuf` on every rank: Pliant knows no more of a call. So a buffer that is
 * freed must be forgotten (or flushed) first: another tensor at its address would get its residual.
 *
 * - A recvbuf that is reduced with several counts has a residual for each. This is said once.
 * - Ranks that combine their buffers in another way than before reduce another tensor.
 * - A communicator remembers 64 such tensors. Calls beyond them are exact. This is said once.
 * - An exact call (pliant_mode = exact, pliant_min_bytes, other operations) adds no residual and changes
 * none. Where new settings make calls exact that have a residual, this is said once.
 * - Residuals that are outstanding when the communicator is freed are dropped.
 */

/**
 * Add to `recvbuf` what all ranks have not sent of blocking calls into it, exactly, for each count; then it
 * is zero. Collective; every rank gives its buffer of one and the same call. With NULL, on all ranks: of all
 * blocking calls, each into its own recvbuf, which must still be there.
 *
 * @return MPI_ERR_BUFFER, on all ranks, where they give buffers of different calls, or NULL on some ranks
 * only
 */
int Pliant_Comm_flush(MPI_Comm comm, void* recvbuf);
/** Drop the residuals that Pliant_Comm_flush would add. Collective, with the same arguments; touches no
 * buffer, so `recvbuf` may have been freed. With NULL also what was loaded for blocking calls and not used
 * yet. */
int Pliant_Comm_forget(MPI_Comm comm, const void* recvbuf);

/**
 * Text for an error code; not before MPI_Init. For the code that Pliant returned last in this process it is
 * that call's own message, with rank, tensor, value and rule; otherwise MPI's.
 *
 * @param text  [PLIANT_MAX_ERROR_STRING]
 * @param len   characters written, without the end
 */
int Pliant_Error_string(int code, char* text, int* len);

/* ---- Inspection: needs no MPI_Init ---- */

/** One setting: where it may be given and what it is now. Texts live as long as the library. */
typedef struct {
  const char* key; /* info key, `pliant_density`; "" when it is of the process, not of a communicator */
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
  int memory; /* PLIANT_HOST_MEMORY + PLIANT_DEVICE_MEMORY: where the buffers may be; of algorithms only */
} Pliant_Entry;
#define PLIANT_HOST_MEMORY 1
#define PLIANT_DEVICE_MEMORY 2

int Pliant_Setting_get_num(int* n);
int Pliant_Setting_get_info(int index, Pliant_Setting* setting);
/**
 * The value a process would start with, from the environment or the default; `*source` says which. Both are
 * written even if the value cannot be used: then the reason goes to stderr and MPI_ERR_INFO_VALUE is
 * returned.
 */
int Pliant_Setting_get_value(int index, char* value, int room, const char** source);
int Pliant_Algorithm_get_num(int* n);
int Pliant_Algorithm_get_info(int index, Pliant_Entry* entry);
int Pliant_Kernels_get_num(int* n);
/** In order of preference; `exact` is 1 for those usable on this processor. */
int Pliant_Kernels_get_info(int index, Pliant_Entry* entry);
/** How kept indices can travel (pliant_index_codec), and their values (pliant_value_codec): `exact` is 1 for
 * those that round nothing off. */
int Pliant_Index_codec_get_num(int* n);
int Pliant_Index_codec_get_info(int index, Pliant_Entry* entry);
int Pliant_Value_codec_get_num(int* n);
int Pliant_Value_codec_get_info(int index, Pliant_Entry* entry);
/** Version and the optional parts of this build, one line. */
const char* Pliant_Get_library_version(void);

/** What there is for buffers in a GPU's memory. The caller sets `size` to sizeof(Pliant_Device_support). */
typedef struct {
  size_t size;
  int cuda_runtime;   /* 1000 major + 10 minor, of the library Pliant was built with; 0: built without CUDA */
  int cuda_driver;    /* the newest that the driver of this machine can run, likewise; 0: there is none */
  int nccl;           /* 10000 major + 100 minor + patch; 0: built without NCCL */
  int devices;        /* devices that this process can use */
  int mpi_cuda_aware; /* 1: the MPI library says that it takes a device's pointers; some say so only after
                         MPI_Init */
  const char* problem; /* why there is no device; "" where there is one */
} Pliant_Device_support;
int Pliant_Get_device_support(Pliant_Device_support* support);

/** A network to reason about, without one. Set all members. */
typedef struct {
  size_t size;
  int ranks;
  double alpha_s;         /* [s] latency of a message */
  double beta_s_per_byte; /* [s/byte] */
  int64_t count;          /* float elements */
  double density;         /* (0, 1] */
  int paper_model;        /* 1: the papers' formulas and algorithms only (no compute or compression time) */
} Pliant_Scenario;

/** As Pliant_Comm_plan, for a described network. With paper_model = 0 compression is timed on this processor
 * first. */
int Pliant_Explain(const Pliant_Scenario* scenario, int max, Pliant_Report reports[], int* n);

/** Link model of one pair of ranks, measured by ping-pong. */
typedef struct {
  int rank, peer;
  int same_host;
  double alpha_s, alpha_low_s, alpha_high_s;                         /* 95 % confidence interval */
  double beta_s_per_byte, beta_low_s_per_byte, beta_high_s_per_byte; /* 95 % confidence interval */
  int samples;
} Pliant_Link;

/** Measure and return every pair's link, on every rank; collective. `*n` = pairs measured; room for `max`. */
int Pliant_Comm_probe_links(MPI_Comm comm, int max, Pliant_Link links[], int* n);

#ifdef __cplusplus
}
#endif
#endif
