// What an exchange costs. netprobe produces it, collectives consume it; all ranks of a communicator hold the
// same.
#pragma once

namespace pliant {

/// Sending m bytes takes alpha_s + m * beta_s_per_byte (Hockney, Parallel Computing 20(3), 1994).
struct LinkModel {
  double alpha_s = 0;          ///< [s] latency of a message
  double beta_s_per_byte = 0;  ///< [s/byte] inverse bandwidth

  friend bool operator==(const LinkModel&, const LinkModel&) = default;
};

/// What computing costs on the slowest rank. All zero in the papers' model.
struct ComputeModel {
  double gamma_s_per_byte = 0;  ///< [s/byte] reducing one buffer into another
  double select_s_per_element =
      0;  ///< [s/element] error feedback and exact top-k selection, per element looked at
  double apply_s_per_element = 0;  ///< [s/element] clearing the result before sparse values are added
  double pair_s_per_element = 0;   ///< [s/element] gathering or scattering one kept element

  friend bool operator==(const ComputeModel&, const ComputeModel&) = default;
};

/// Everything a cost formula may look at besides the shape of the call.
struct CostModel {
  LinkModel link;
  ComputeModel compute;

  friend bool operator==(const CostModel&, const CostModel&) = default;
};

}  // namespace pliant
