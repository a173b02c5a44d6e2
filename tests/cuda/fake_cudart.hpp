// A fake of CUDA's runtime and its last error: every function returns a given code, and keeps it until
// cudaGetLastError().
#pragma once

#include <cuda_runtime_api.h>

namespace pliant::test {

struct FakeRuntime {
  cudaError_t next = cudaSuccess;  ///< the code that functions return
  cudaError_t last = cudaSuccess;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;  ///< of the calling thread
};

FakeRuntime& fake_runtime();

}  // namespace pliant::test
