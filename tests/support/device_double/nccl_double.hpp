// NCCL without a GPU: the calls of kernels/cuda/nccl_calls.hpp, carried out over MPI in the order of the
// device double's streams. A program that is linked with pliant_nccl_double finds it behind
// cuda::nccl_calls().
//
// It is as unhelpful as NCCL's communicators that do not block: a call returns in_progress, and what it
// queues is in the stream only when comm_get_async_error() says success; a call before that is refused.
// Nothing here blocks the host, whatever other ranks do. Messages go by MPI's profiling names over
// MPI_COMM_WORLD, in tags of their own: who counts messages does not see them. (Not by MPI's collectives:
// these cannot be called off.)
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "failures.hpp"
#include "kernels/cuda/nccl_calls.hpp"

namespace pliant::test {

class DoubleComm;

/// Codes of NCCL.
inline constexpr int kNcclUnhandledCudaError = 1, kNcclSystemError = 2, kNcclInternalError = 3,
                     kNcclInvalidArgument = 4, kNcclInvalidUsage = 5, kNcclRemoteError = 6,
                     kNcclInProgress = 7;

struct NcclOptions {
  int polls = 1;            ///< how often comm_get_async_error says in_progress of a call that could be done
  bool init_hangs = false;  ///< communicators that are made here never become ready
};

class NcclDouble {
 public:
  NcclDouble();

  /// Forgets all but communicators that are alive. Options are those of this process.
  void reset(const NcclOptions& options = {});
  NcclOptions& options() { return options_; }
  /// See Failures::fail(): what the call itself returns.
  void fail(std::string_view call, int nth, int code, int times = 1);
  /// The `nth` collective that this process runs from now on does not end before its communicator is aborted;
  /// with a code, the communicator has this asynchronous error then.
  void hang_operation(int nth) { fail_operation(nth, 0); }
  void fail_operation(int nth, int code = kNcclInternalError);

  std::int64_t calls(std::string_view call) const { return failures_.calls(call); }
  std::int64_t operations() const { return operations_; }  ///< collectives that have begun here
  /// Communicators neither destroyed nor aborted, as text; empty: none.
  std::string leaks() const;

  // ---- For the table of calls. -------------------------------------------------------------------------
  Failures& failures() { return failures_; }
  std::map<cuda::NcclComm, std::shared_ptr<DoubleComm>>& comms() { return comms_; }
  int next_tag();
  /// Counts a collective. True: it hangs, with this code.
  bool begin_operation(int* code);

 private:
  NcclOptions options_;
  Failures failures_;
  std::map<cuda::NcclComm, std::shared_ptr<DoubleComm>> comms_;
  std::map<std::int64_t, int> failing_;  ///< number of a collective -> code
  std::int64_t operations_ = 0;
  int made_ids_ = 0;
};

/// The only one of this process.
NcclDouble& nccl_double();

}  // namespace pliant::test
