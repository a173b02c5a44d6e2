// The parameters of the cost formulas. netprobe measures them, collectives use them. All ranks of a
// communicator hold the same values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pliant {

/// Sending m bytes takes alpha_s + m * beta_s_per_byte (Hockney, Parallel Computing 20(3), 1994).
/// Back-to-back messages hide part of the latency: each of them keeps the link or the ranks busy for gap_s
/// only (g of LogP: Culler et al., PPoPP 1993).
struct LinkModel {
  double alpha_s = 0;          ///< [s] latency of a message
  double beta_s_per_byte = 0;  ///< [s/byte] inverse bandwidth
  double gap_s = 0;            ///< [s] the part of alpha_s that back-to-back messages do not hide

  friend bool operator==(const LinkModel&, const LinkModel&) = default;
};

/// Assumed until the network is measured: a local network, 50 us and 10 Gbit/s.
inline constexpr LinkModel kNominalLink = {.alpha_s = 50e-6, .beta_s_per_byte = 0.8e-9, .gap_s = 2e-6};

/// Largest piece of a message. Above this, MPI libraries use a rendezvous with the receiver (Open MPI's TCP
/// from 64 KiB on, including its header), so longer data is sent in pieces.
inline constexpr std::int64_t kEagerBytes = 60 << 10;

/// Cost of computing, on the slowest rank. All zero in the papers' model.
struct ComputeModel {
  static constexpr std::size_t kIndexCodecs = 3;

  double gamma_s_per_byte = 0;  ///< [s/byte] reducing one buffer into another
  double select_s_per_element =
      0;  ///< [s/element] error feedback and exact top-k selection, per element looked at
  double apply_s_per_element = 0;  ///< [s/element] clearing the result before sparse values are added
  double pair_s_per_element = 0;   ///< [s/element] gathering or scattering one kept element
  double drain_s_per_element = 0;  ///< [s/element] adding a residual to a gradient that is sent exactly
  /// [s/index] encoding and decoding one index, per codec, in the order of the codec list.
  std::array<double, kIndexCodecs> codec_s_per_index{};

  friend bool operator==(const ComputeModel&, const ComputeModel&) = default;
};

/// Costs of operations on vectors in device memory, on the slowest rank. All zero without a device.
struct DeviceModel {
  LinkModel to_host;       ///< copy from device memory to pinned host memory
  LinkModel to_device;     ///< copy from pinned host memory to device memory
  LinkModel nccl;          ///< a whole allreduce by NCCL among these ranks: alpha_s + bytes * beta_s_per_byte
  ComputeModel compute{};  ///< kernels on the device; codecs and gamma are the host's

  friend bool operator==(const DeviceModel&, const DeviceModel&) = default;
};

/// Measured time divided by the formula's time, at a few lengths. Used for algorithms that do more than the
/// link model describes: MPI's own allreduce, and algorithms whose partners change every round.
struct Calibration {
  static constexpr std::array<std::int64_t, 3> kBytes = {16 << 10, 128 << 10, 1 << 20};
  std::array<double, kBytes.size()> factor = {1, 1, 1};

  /// Interpolates linearly between the lengths; constant outside.
  double at(std::int64_t bytes) const {
    for (std::size_t i = 0; i < kBytes.size(); ++i) {
      if (bytes > kBytes[i]) continue;
      if (i == 0) return factor[0];
      const double share =
          static_cast<double>(bytes - kBytes[i - 1]) / static_cast<double>(kBytes[i] - kBytes[i - 1]);
      return factor[i - 1] + share * (factor[i] - factor[i - 1]);
    }
    return factor.back();
  }

  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// All inputs of a cost formula, apart from the shape of the call.
struct CostModel {
  LinkModel link;
  ComputeModel compute;
  Calibration mpi{};
  Calibration rabenseifner{};
  DeviceModel device{};

  friend bool operator==(const CostModel&, const CostModel&) = default;
};

/// A number of a cost model, and its name in files.
struct ModelNumber {
  const char* name;
  double* value;
};

/// All numbers of a model, for code that treats them uniformly: ranks agree on them, files store them.
inline std::array<ModelNumber, 8 + ComputeModel::kIndexCodecs + 2 * Calibration::kBytes.size()> numbers_of(
    CostModel& model) {
  ComputeModel& c = model.compute;
  return {{{"alpha_s", &model.link.alpha_s},
           {"beta_s_per_byte", &model.link.beta_s_per_byte},
           {"gap_s", &model.link.gap_s},
           {"gamma_s_per_byte", &c.gamma_s_per_byte},
           {"select_s_per_element", &c.select_s_per_element},
           {"apply_s_per_element", &c.apply_s_per_element},
           {"pair_s_per_element", &c.pair_s_per_element},
           {"drain_s_per_element", &c.drain_s_per_element},
           {"raw_s_per_index", &c.codec_s_per_index[0]},
           {"block_s_per_index", &c.codec_s_per_index[1]},
           {"rice_s_per_index", &c.codec_s_per_index[2]},
           {"mpi_factor_16k", &model.mpi.factor[0]},
           {"mpi_factor_128k", &model.mpi.factor[1]},
           {"mpi_factor_1m", &model.mpi.factor[2]},
           {"rabenseifner_factor_16k", &model.rabenseifner.factor[0]},
           {"rabenseifner_factor_128k", &model.rabenseifner.factor[1]},
           {"rabenseifner_factor_1m", &model.rabenseifner.factor[2]}}};
}

/// The measured numbers of a device model.
inline std::array<ModelNumber, 10> numbers_of(DeviceModel& model) {
  ComputeModel& c = model.compute;
  return {{{"to_host_alpha_s", &model.to_host.alpha_s},
           {"to_host_s_per_byte", &model.to_host.beta_s_per_byte},
           {"to_device_alpha_s", &model.to_device.alpha_s},
           {"to_device_s_per_byte", &model.to_device.beta_s_per_byte},
           {"nccl_alpha_s", &model.nccl.alpha_s},
           {"nccl_s_per_byte", &model.nccl.beta_s_per_byte},
           {"device_select_s_per_element", &c.select_s_per_element},
           {"device_apply_s_per_element", &c.apply_s_per_element},
           {"device_pair_s_per_element", &c.pair_s_per_element},
           {"device_drain_s_per_element", &c.drain_s_per_element}}};
}

}  // namespace pliant
