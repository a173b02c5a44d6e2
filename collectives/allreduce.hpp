// What an allreduce algorithm is: a name, a cost, and a function that runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compress/index_codec.hpp"
#include "compress/value_codec.hpp"
#include "core/element_type.hpp"
#include "core/link_model.hpp"
#include "kernels/kernels.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// What is to be reduced: all that a cost formula may know of a call. Equal on all ranks.
struct AllreduceShape {
  int ranks = 1;
  std::int64_t count = 0;  ///< elements per rank
  ElementType type = ElementType::float32;
  std::int64_t kept = 0;  ///< elements a lossy algorithm sends values for; ignored by exact ones
  const IndexCodec* index_codec = &raw_indices;     ///< null: the one predicted to be quickest
  const ValueCodec* value_codec = &float32_values;  ///< of values that travel unreduced

  std::int64_t bytes() const { return count * element_bytes(type); }
  std::int64_t kept_bytes() const { return kept * element_bytes(type); }
  std::int64_t index_bytes() const { return kept * static_cast<std::int64_t>(sizeof(std::uint32_t)); }
};

/// Buffers of the algorithms, kept between calls; they only grow.
struct Workspace {
  std::vector<std::byte> receive;          ///< dense algorithms: the partner's elements
  std::vector<std::byte> scores;           ///< var_*: every rank's score
  SelectWorkspace select;                  ///< this rank's own selection stays there until the next
  Room messages;                           ///< encoded indices and values, own and received
  std::vector<std::int64_t> message_ends;  ///< where each of them ends
  Room indices;                            ///< decoded ones
  Room values;

  /// At least `bytes` of `buffer`.
  static std::byte* room(std::vector<std::byte>& buffer, std::int64_t bytes) {
    if (buffer.size() < static_cast<std::size_t>(bytes)) buffer.resize(static_cast<std::size_t>(bytes));
    return buffer.data();
  }
};

/// What a lossy algorithm tells of its run on this rank.
struct SparseOutcome {
  Selection selection;          ///< of the values this rank sent; total_squared: of its error-fed gradient
  double rounding_squared = 0;  ///< squared norm of what value codecs gave back to the residual
  double compress_s = 0;        ///< [s] spent in selecting, encoding, gathering, clearing and scattering
};

/// A rank's own top-k: places in Workspace::select.
struct OwnSelection {
  bool made = false;
  std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;           ///< [kept]
  double sent_squared = 0;
};

/// One allreduce, on one rank.
struct AllreduceCall {
  Communicator& comm;
  Workspace& workspace;
  const Kernels& kernels;
  AllreduceShape shape;
  ReduceOp op = ReduceOp::sum;
  std::byte* data = nullptr;  ///< [count] exact: in this rank's elements, out the result; lossy: out only

  // Lossy algorithms only: float sums.
  float* residual = nullptr;  ///< [count] with `gradient`, in: the error-fed gradient; out: what was not sent
  const float* gradient = nullptr;  ///< [count] to be added to residual; null: it holds both. May be `data`
  std::int64_t step = 0;            ///< calls on this tensor before this one; equal on all ranks
  OwnSelection own;                 ///< set where this rank's top-k has been selected already, and not taken
  SparseOutcome outcome;
};

struct AllreduceAlgorithm {
  std::string_view name;
  std::string_view summary;
  bool exact;          ///< nothing is left out
  bool deterministic;  ///< the order of additions depends on the number of ranks alone

  bool (*supports)(const AllreduceShape& shape);
  /// [s] predicted for the slowest rank.
  double (*cost_s)(const AllreduceShape& shape, const CostModel& model);
  /// [s] by the papers' Table I and Eq. 4; null where they have no formula.
  double (*paper_cost_s)(const AllreduceShape& shape, const LinkModel& link);
  /// [byte] all ranks together send.
  std::int64_t (*total_wire_bytes)(const AllreduceShape& shape);
  /// Collective. All ranks end with the same bits in `data`.
  void (*run)(AllreduceCall& call);
};

}  // namespace pliant
