// NCCL without a GPU: the calls of kernels/cuda/nccl_calls.hpp, executed over MPI in the order of the device
// double's streams. A program linked with pliant_nccl_double gets it from cuda::nccl_calls().
//
// It is as unhelpful as NCCL's nonblocking communicators. A call returns in_progress, and its operation
// enters the stream only when comm_get_async_error() returns success. A call before that is refused. Nothing
// here blocks the host, whatever other ranks do. Messages use MPI's profiling names on MPI_COMM_WORLD and
// their own tags, so that tests which count messages do not see them. MPI's collectives are not used, because
// they cannot be cancelled.
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

/// NCCL's codes.
inline constexpr int kNcclUnhandledCudaError = 1, kNcclSystemError = 2, kNcclInternalError = 3,
                     kNcclInvalidArgument = 4, kNcclInvalidUsage = 5, kNcclRemoteError = 6,
                     kNcclInProgress = 7;

struct NcclOptions {
  int polls = 1;            ///< how often comm_get_async_error returns in_progress for a call that is ready
  bool init_hangs = false;  ///< communicators made by this process never become ready
};

class NcclDouble {
 public:
  NcclDouble();

  /// Forgets everything except live communicators. Options apply to this process.
  void reset(const NcclOptions& options = {});
  NcclOptions& options() { return options_; }
  /// See Failures::fail(). Sets the code that the call itself returns.
  void fail(std::string_view call, int nth, int code, int times = 1);
  /// The `nth` collective that this process runs from now on hangs until its communicator is aborted. With a
  /// code, the communicator then has this asynchronous error.
  void hang_operation(int nth) { fail_operation(nth, 0); }
  void fail_operation(int nth, int code = kNcclInternalError);

  std::int64_t calls(std::string_view call) const { return failures_.calls(call); }
  std::int64_t operations() const { return operations_; }  ///< collectives that have begun in this process
  /// Lists communicators that are neither destroyed nor aborted; empty if there are none.
  std::string leaks() const;

  // ---- For the table of calls. -------------------------------------------------------------------------
  Failures& failures() { return failures_; }
  std::map<cuda::NcclComm, std::shared_ptr<DoubleComm>>& comms() { return comms_; }
  int next_tag();
  /// Counts a collective. Returns true if it must hang, with this code.
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
