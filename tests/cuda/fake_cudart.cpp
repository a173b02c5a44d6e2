#include "tests/cuda/fake_cudart.hpp"

#include <cstddef>
#include <utility>

#include "kernels/cuda/launch.hpp"

namespace pliant::test {
namespace {

cudaError_t told() {
  FakeRuntime& runtime = fake_runtime();
  if (runtime.next != cudaSuccess) runtime.last = runtime.next;
  return runtime.next;
}

}  // namespace

FakeRuntime& fake_runtime() {
  static FakeRuntime only;
  return only;
}

}  // namespace pliant::test

namespace pliant::cuda {

const void* device_function(Kernel) {
  return nullptr;
}

}  // namespace pliant::cuda

using pliant::test::fake_runtime;
using pliant::test::told;

extern "C" {

cudaError_t cudaGetLastError() {
  return std::exchange(fake_runtime().last, cudaSuccess);
}

const char* cudaGetErrorString(cudaError_t) {
  return "an error";
}

cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = fake_runtime().capture;
  return told();
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, fake_runtime().mode);
  return told();
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 1;
  return told();
}

cudaError_t cudaDriverGetVersion(int*) {
  return told();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t*, unsigned) {
  return told();
}

cudaError_t cudaEventDestroy(cudaEvent_t) {
  return told();
}

cudaError_t cudaEventQuery(cudaEvent_t) {
  return told();
}

cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) {
  return told();
}

cudaError_t cudaFree(void*) {
  return told();
}

cudaError_t cudaFreeAsync(void*, cudaStream_t) {
  return told();
}

cudaError_t cudaFreeHost(void*) {
  return told();
}

cudaError_t cudaGetDevice(int*) {
  return told();
}

cudaError_t cudaGetDeviceCount(int*) {
  return told();
}

cudaError_t cudaLaunchKernel(const void*, dim3, dim3, void**, std::size_t, cudaStream_t) {
  return told();
}

cudaError_t cudaMalloc(void**, std::size_t) {
  return told();
}

cudaError_t cudaMallocFromPoolAsync(void**, std::size_t, cudaMemPool_t, cudaStream_t) {
  return told();
}

cudaError_t cudaMallocHost(void**, std::size_t) {
  return told();
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t*, const cudaMemPoolProps*) {
  return told();
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t) {
  return told();
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return told();
}

cudaError_t cudaMemcpyAsync(void*, const void*, std::size_t, cudaMemcpyKind, cudaStream_t) {
  return told();
}

cudaError_t cudaMemsetAsync(void*, int, std::size_t, cudaStream_t) {
  return told();
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int*, const void*, int, std::size_t) {
  return told();
}

cudaError_t cudaSetDevice(int) {
  return told();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t*, unsigned) {
  return told();
}

cudaError_t cudaStreamDestroy(cudaStream_t) {
  return told();
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return told();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return told();
}

}  // extern "C"
