#include "apps/train/device.hpp"

#include "apps/support/hosts.hpp"

namespace pliant::train {

torch::Device find_device(const World& world, const std::string& name) {
  if (name == "host") return {torch::kCPU};
  const int on_host = apps::rank_on_host(MPI_COMM_WORLD);
  const auto devices = static_cast<int>(torch::cuda::device_count());
  std::string fault;
  if (devices == 0)
    fault = refusal_text("--device = " + name + " on rank " + std::to_string(world.rank),
                         "LibTorch must be built with CUDA and find a GPU", "Pass --device host");
  world.refuse_together(fault);
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(on_host % devices)};
}

}  // namespace pliant::train
