#include "collectives/device/staging.hpp"

#include <algorithm>
#include <array>

#include "collectives/dense/dense.hpp"
#include "collectives/device/device_part.hpp"
#include "collectives/segments.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kLeastBlockBytes = 256 << 10;

double copy_s(const LinkModel& link, double bytes) {
  return link.alpha_s + bytes * link.beta_s_per_byte;
}

AllreduceShape on_host(AllreduceShape shape, std::int64_t count) {
  shape.memory = Memory::host;
  shape.count = count;
  if (shape.kept > count) shape.kept = count;
  return shape;
}

/// [s] with blocks of block_bytes. The slowest of the three stages sets the pace. Nothing overlaps the
/// arrival of the first block and the return of the last.
double staged_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model,
                std::int64_t block_bytes) {
  const std::int64_t blocks = segments_of(shape.bytes(), block_bytes);
  const std::int64_t block = std::min(block_bytes, shape.bytes());
  const double in_s = copy_s(model.device.to_host, static_cast<double>(block));
  const double out_s = copy_s(model.device.to_device, static_cast<double>(block));
  const double reduce_s = algorithm.cost_s(on_host(shape, block / element_bytes(shape.type)), model);
  return in_s + out_s + reduce_s + static_cast<double>(blocks - 1) * std::max({in_s, out_s, reduce_s});
}

struct Blocks {
  std::int64_t bytes = 0;
  double s = 0;
};

Blocks best_blocks(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model) {
  Blocks best{shape.bytes(), staged_s(algorithm, shape, model, shape.bytes())};
  for (std::int64_t parts = 2; shape.bytes() / parts >= kLeastBlockBytes; parts *= 2) {
    const std::int64_t width = element_bytes(shape.type);
    const std::int64_t bytes = (shape.count + parts - 1) / parts * width;
    const double s = staged_s(algorithm, shape, model, bytes);
    if (s < best.s) best = {bytes, s};
  }
  best.bytes = std::min(best.bytes, Communicator::kPieceBytes);
  return best;
}

/// The model with the device's compute costs, for vectors that stay there.
CostModel with_device_compute(CostModel model) {
  const ComputeModel host = model.compute;
  model.compute = model.device.compute;
  model.compute.gamma_s_per_byte = host.gamma_s_per_byte;
  model.compute.codec_s_per_index = host.codec_s_per_index;
  return model;
}

/// Blocks on their way between device and host.
class Stage {
 public:
  Stage(AllreduceCall& call, std::int64_t block_bytes)
      : call_(call),
        device_(call.device->device),
        block_bytes_(block_bytes),
        blocks_(segments_of(call.shape.bytes(), block_bytes)),
        arrived_(call.workspace.device->arrived) {
    device_.order(device_.work(), device_.to_host());
    for (std::size_t slot = 0; slot < kStagingSlots; ++slot)
      slots_[slot] = static_cast<std::byte*>(
          call.workspace.device->slots[slot].of(std::min(block_bytes, call.shape.bytes())));
  }

  std::int64_t blocks() const { return blocks_; }
  std::byte* slot(std::int64_t block) const { return slots_[place(block)]; }
  std::int64_t bytes(std::int64_t block) const {
    return std::min(block_bytes_, call_.shape.bytes() - block * block_bytes_);
  }
  void bring(std::int64_t block) {
    if (block >= blocks_) return;
    device_.copy(slot(block), call_.data + block * block_bytes_, bytes(block), device_.to_host());
    arrived_[place(block)].mark(device_.to_host());
  }
  bool is_here(std::int64_t block) { return arrived_[place(block)].past(); }
  /// Copies the block back. Then its slot is free for the third block after it.
  void take_back(std::int64_t block) {
    device_.copy(call_.data + block * block_bytes_, slot(block), bytes(block), device_.to_device());
    device_.order(device_.to_device(), device_.to_host());
  }

 private:
  static std::size_t place(std::int64_t block) { return static_cast<std::size_t>(block) % kStagingSlots; }

  AllreduceCall& call_;
  cuda::Device& device_;
  std::int64_t block_bytes_;
  std::int64_t blocks_;
  std::array<std::byte*, kStagingSlots> slots_{};
  std::array<cuda::DeviceEvent, kStagingSlots>& arrived_;
};

Task run_staged(AllreduceCall& call, const AllreduceAlgorithm& algorithm) {
  const std::int64_t width = element_bytes(call.shape.type);
  Stage stage(call, std::min(call.shape.stage_bytes / width * width, call.shape.bytes()));
  constexpr auto kSlots = static_cast<std::int64_t>(kStagingSlots);
  for (std::int64_t block = 0; block < kSlots; ++block) stage.bring(block);
  for (std::int64_t block = 0; block < stage.blocks(); ++block) {
    const auto is_here = [&] { return stage.is_here(block); };
    co_await until(is_here);
    AllreduceCall part{.comm = call.comm,
                       .workspace = call.workspace,
                       .kernels = call.kernels,
                       .shape = on_host(call.shape, stage.bytes(block) / width),
                       .op = call.op,
                       .tag = call.tag,
                       .may_block = call.may_block,
                       .mpi_comm = call.mpi_comm,
                       .hosts = call.hosts,
                       .data = stage.slot(block),
                       .own = {},
                       .outcome = {}};
    co_await algorithm.run(part);
    stage.take_back(block);
    stage.bring(block + kSlots);
  }
  cuda::DeviceEvent& done = call.workspace.device->event;
  done.mark(call.device->device.to_device());
  const auto is_done = [&] { return done.past(); };
  co_await until(is_done);
}

}  // namespace

bool takes_in_place(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape) {
  if (shape.memory == Memory::host || algorithm.reach != Reach::host) return true;
  return algorithm.calls_mpi && shape.mpi_reads_device;
}

double device_cost_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                     const CostModel& model) {
  if (!takes_in_place(algorithm, shape)) return best_blocks(algorithm, shape, model).s;
  if (algorithm.exact) return algorithm.cost_s(shape, model);
  return algorithm.cost_s(shape, with_device_compute(model));
}

Tuning tuned_staged(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                    const CostModel& model) {
  const std::int64_t bytes = best_blocks(algorithm, shape, model).bytes;
  const std::int64_t block = std::min(bytes, shape.bytes()) / element_bytes(shape.type);
  Tuning tuning = tuned_for(algorithm, on_host(shape, block), model).tuning();
  tuning.stage_bytes = bytes;
  return tuning;
}

Task run_anywhere(AllreduceCall& call, const AllreduceAlgorithm& algorithm) {
  if (call.device == nullptr) return algorithm.run(call);
  if (!takes_in_place(algorithm, call.shape)) return run_staged(call, algorithm);
  // MPI reads memory that the device and the program's stream have written, and nothing else orders the two.
  if (algorithm.reach == Reach::host) call.device->device.wait(call.device->device.work());
  return algorithm.run(call);
}

}  // namespace pliant
