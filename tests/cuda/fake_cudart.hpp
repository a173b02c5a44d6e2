// CUDA's runtime as far as its last error goes: every function returns the code that it is told to, and
// leaves it behind, until cudaGetLastError() asks.
#pragma once

#include <cuda_runtime_api.h>

namespace pliant::test {

struct FakeRuntime {
  cudaError_t next = cudaSuccess;  ///< what functions return
  cudaError_t last = cudaSuccess;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;  ///< of the thread
};

FakeRuntime& fake_runtime();

}  // namespace pliant::test
