// A communicator's device, set up by all ranks together at the first call on device memory.
#include <array>
#include <string>

#include "collectives/device/device_part.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "runtime/context.hpp"
#include "runtime/device/device_speed.hpp"

namespace pliant {
namespace {

void check_number(const cuda::Device& device, int number) {
  if (device.number() == number) return;
  throw Error(ErrorClass::buffer, "buffers are on device " + std::to_string(number),
              "a communicator works with one device, here " + std::to_string(device.number()),
              "Use a communicator for each device");
}

/// Throws Error(other) on all ranks if the device of one of them has failed. Collective.
void require_working(const cuda::Device& device, const Communicator& comm) {
  const int failing = first_rank_where(comm, !device.ok());
  if (failing < 0) return;
  throw Error(ErrorClass::other,
              device.ok() ? "rank " + std::to_string(failing) + " cannot use its device" : device.failure(),
              "every rank has a working device", "Look at that rank's device");
}

}  // namespace

void Context::require_device() const {
  if (device_problem_.empty()) return;
  throw Error(ErrorClass::other, device_problem_, "a device that has failed takes no more work",
              "Look for the first CUDA error; host memory can still be reduced here")
      .on_all_ranks();
}

DevicePart& Context::device_part(int number) {
  require_device();
  if (device_ != nullptr) {
    check_number(device_->device, number);
    return *device_;
  }
  auto made = std::make_unique<DevicePart>(*cuda::calls(), number, process_.waiting_work());
  require_working(made->device, comm());
  connect_nccl(*made);
  const DeviceModel measured = measure_device(*made, comm(), kernels_);
  require_working(made->device, comm());
  device_ = std::move(made);
  model_.device = device_model_ = measured;
  call_sites.begin_epoch();
  return *device_;
}

void Context::connect_nccl(DevicePart& part) {
  const cuda::NcclCalls* const calls = cuda::nccl_calls();
  std::string why_not = "this build has no NCCL";
  const int without = first_rank_where(comm(), calls == nullptr);
  if (calls != nullptr && without < 0)
    part.nccl = NcclCommunicator::connect(*calls, part.device, comm(), settings().nccl_timeout_s, why_not);
  if (part.nccl != nullptr || comm().rank() != 0) return;
  process_.logger().info("communicator " + std::to_string(id_) + ": GPU buffers go without NCCL: " + why_not);
}

}  // namespace pliant
