// An allreduce algorithm: a name, a cost, and a function that runs it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compress/index_codec.hpp"
#include "compress/value_codec.hpp"
#include "core/element_type.hpp"
#include "core/link_model.hpp"
#include "core/task.hpp"
#include "kernels/kernels.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_group.hpp"
#include "mpi/telemetry.hpp"

namespace pliant {

/// How coded messages reach all ranks.
enum class Route {
  doubling,    ///< in ceil(log2 P) rounds
  neighbours,  ///< from each rank to the next, in segments that are passed on as they come
};

/// Selection rule: which elements a lossy algorithm sends. Algorithms with the same rule leave the same
/// residuals, so equal k means equal quality among them.
enum class SelectionRule {
  own,       ///< each rank's own k
  sum,       ///< the k largest of the sum of these
  quota,     ///< k places, of which each rank nominates its share
  turn,      ///< one rank's k; the ranks take turns
  heaviest,  ///< one rank's k: that of the rank whose selection weighs most
};
inline constexpr int kSelectionRules = 5;
/// The names that pliant_quality uses.
inline constexpr std::array<std::string_view, kSelectionRules> kSelectionRuleNames = {"own", "sum", "quota",
                                                                                      "turn", "heaviest"};

/// The memory that holds a call's vectors of `count` elements; the same on all ranks.
enum class Memory { host, device };

/// The memory in which an algorithm can use the vectors.
enum class Reach {
  host,    ///< vectors elsewhere are staged: copied to the host before, and back afterwards
  any,     ///< touches them through kernels/long_vectors.hpp alone; messages go through host memory
  device,  ///< device memory only; messages travel from there, too
};

/// The ranks of a communicator, and what connects them.
struct Topology {
  int ranks = 1;
  int hosts = ranks;                                   ///< that the ranks run on
  int most_on_host = 1;                                ///< ranks on the host with most of them
  std::int64_t slot_bytes = HostChannels::kSlotBytes;  ///< slot of the memory that ranks of a host share
  bool has_nccl = false;                               ///< device memory: NCCL connects all ranks
  bool mpi_reads_device = false;                       ///< the MPI library takes pointers to device memory

  friend bool operator==(const Topology&, const Topology&) = default;
};

/// The vectors of a call.
struct Vectors {
  std::int64_t count = 0;  ///< elements per rank
  ElementType type = ElementType::float32;
  Memory memory = Memory::host;

  std::int64_t bytes() const { return count * element_bytes(type); }
  friend bool operator==(const Vectors&, const Vectors&) = default;
};

/// What a lossy algorithm sends; exact ones ignore it.
struct Compression {
  std::int64_t kept = 0;                            ///< elements whose values are sent
  const IndexCodec* index_codec = &raw_indices;     ///< null: the one predicted to be fastest
  const ValueCodec* value_codec = &float32_values;  ///< of values that travel unreduced

  std::int64_t index_bytes() const { return kept * static_cast<std::int64_t>(sizeof(std::uint32_t)); }
  friend bool operator==(const Compression&, const Compression&) = default;
};

/// Parameters where an algorithm has a choice: its tuned() makes it. Any value is correct.
struct Tuning {
  std::int64_t segment_bytes = Communicator::kPieceBytes;  ///< longest message of a pipeline, a multiple of 8
  Route route = Route::doubling;                           ///< of coded messages
  std::int64_t block_bytes = Communicator::kPieceBytes;  ///< leaders reduce so much at once, a multiple of 8
  std::int64_t stage_bytes = Communicator::kPieceBytes;  ///< length that is staged at once

  friend bool operator==(const Tuning&, const Tuning&) = default;
};

/// One reduction: everything that a cost formula may depend on. Equal on all ranks.
struct AllreduceShape : Topology, Vectors, Compression, Tuning {
  constexpr AllreduceShape() = default;
  constexpr AllreduceShape(Topology topology, Vectors vectors, Compression compression = {},
                           Tuning tuning = {})
      : Topology(topology), Vectors(vectors), Compression(compression), Tuning(tuning) {}

  Tuning& tuning() { return *this; }
  std::int64_t kept_bytes() const { return kept * element_bytes(type); }

  friend bool operator==(const AllreduceShape&, const AllreduceShape&) = default;
};

struct DevicePart;
struct DeviceWorkspace;

/// Buffers of the algorithms, kept between calls; they only grow. One call at a time uses them.
struct Workspace {
  FramePool frames;                  ///< of suspended functions
  Execution execution;               ///< the call in progress
  Scratch receive;                   ///< dense algorithms: the partner's elements
  Scratch doubling;                  ///< recursive doubling: the partner's elements
  Scratch scores;                    ///< small values of all ranks
  SelectWorkspace select;            ///< this rank's own selection stays there until the next
  Scratch messages;                  ///< encoded indices and values, own and received
  std::int64_t message_scratch = 0;  ///< [byte] for those of one rank
  std::vector<std::span<std::byte>> message_list;
  Scratch indices;  ///< decoded ones
  Scratch values;
  Scratch nominations;     ///< quota_*: indices that all ranks have nominated
  Scratch magnitudes;      ///< quota_*: of this rank's selection
  Scratch turns;           ///< quota_*: reserves in the order in which they are used
  Scratch sums;            ///< sparse vectors that are being added
  Scratch borders;         ///< between the ranks' shares of the index
  SelectWorkspace choice;  ///< a selection among sums, beside the rank's own
  GainCurve curve;         ///< of the rank's own selection, where it was asked for
  Scratch taken;           ///< values that this rank has taken out of its residual
  Telemetry telemetry;
  std::shared_ptr<DeviceWorkspace> device;  ///< of calls on a device's memory; null before the first
};

/// Results of a lossy algorithm's run on this rank.
struct SparseOutcome {
  /// The values this rank sent. sent_squared counts the finite ones; total_squared counts the whole error-fed
  /// gradient.
  Selection selection;
  double rounding_squared = 0;  ///< squared norm of what value codecs gave back to the residual
  double compress_s = 0;        ///< [s] spent in selecting, encoding, gathering, clearing and scattering
};

/// A rank's own top-k. The arrays lie in Workspace::select.
struct OwnSelection {
  bool made = false;
  std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;           ///< [kept]
  double sent_squared = 0;           ///< of the finite ones
  std::int64_t nonfinite = 0;        ///< the others
};

/// Elements that a rank has moved out of its residual to send them. They go back if the operation fails.
struct TakenElements {
  const std::uint32_t* indices = nullptr;  ///< [kept]
  const float* values = nullptr;           ///< [kept] a copy: in Workspace::taken
  std::int64_t kept = 0;
};

/// One allreduce, on one rank.
struct AllreduceCall {
  Communicator& comm;
  Workspace& workspace;
  const Kernels& kernels;
  AllreduceShape shape;
  ReduceOp op = ReduceOp::sum;
  int tag = 0;            ///< its messages have this tag and the next kTags - 1, and no others' have
  bool may_block = true;  ///< false: other operations are in progress that this call must not delay
  MPI_Comm mpi_comm = MPI_COMM_NULL;  ///< for MPI's own collectives where operations may overtake one another
  HostChannels* hosts =
      nullptr;                ///< null: every host has one rank; must be there where the shape says otherwise
  std::byte* data = nullptr;  ///< [count] exact: in this rank's elements, out the result; lossy: out only
  DevicePart* device = nullptr;    ///< null: vectors lie in the host's memory
  Telemetry* telemetry = nullptr;  ///< of an algorithm that `carries` it; null: nothing travels

  // Lossy algorithms only: float sums.
  float* residual = nullptr;  ///< [count] with `gradient`, in: the error-fed gradient; out: what was not sent
  const float* gradient = nullptr;  ///< [count] to be added to residual; null: it holds both. May be `data`
  const std::int64_t* available = nullptr;  ///< elements of `data` that are there so far; null: all
  std::int64_t step = 0;                    ///< calls on this tensor before this one; equal on all ranks
  TakenElements taken = {};
  OwnSelection own;  ///< set where this rank's top-k has been selected already, and not taken
  SparseOutcome outcome;

  /// Tags a call may use: one for each pipeline that may run beside another.
  static constexpr int kTags = 8;

  FramePool& frames() { return workspace.frames; }
};

/// A short exact call that is the only operation in progress on its communicator. A plain function completes
/// it at once.
struct ShortCall {
  HostChannels* hosts;  ///< null: there is one rank
  ReduceFunction reduce;
  const std::byte* send;   ///< [count]; may be recv
  std::byte* recv;         ///< [count]
  std::int64_t count;      ///< elements
  std::size_t bytes;       ///< [byte] in `count` elements
  void (*idle)(void* of);  ///< called now and again while this rank waits; an exception from it ends the call
  void* of;                ///< argument of `idle`

  void wait_for(const Until& until) const {
    for (int looks = 1; !until.await_ready(); ++looks)
      if (looks % kLooks == 0) idle(of);
  }
};

struct AllreduceAlgorithm {
  std::string_view name;
  std::string_view summary;
  bool exact;          ///< nothing is left out
  bool deterministic;  ///< the order of additions depends on the number of ranks alone

  bool (*supports)(const AllreduceShape& shape);
  /// [s] predicted for the slowest rank.
  double (*cost_s)(const AllreduceShape& shape, const CostModel& model);
  /// The parameters that cost_s assumes, for several ranks; null: there are none.
  Tuning (*tuned)(const AllreduceShape& shape, const CostModel& model);
  /// Traffic that `rank` sends. Exact, except for the length of coded indices other than raw. If
  /// most_bytes is set, the bytes depend on the data, and this is their average.
  Traffic (*sent)(const AllreduceShape& shape, int rank);
  /// Collective. All ranks end with the same bits in `data`. The call must outlive the task.
  Task (*run)(AllreduceCall& call);
  bool two_level = false;  ///< uses the memory that ranks of a host share
  /// On other topologies it equals another algorithm, and only a user who names it gets it; null: on none.
  bool (*stands_out)(const Topology& topology) = nullptr;
  bool calls_mpi = false;  ///< all of it is one of MPI's collectives, which have an order of their own
  bool streams = false;    ///< can start before all elements are available
  /// Its messages carry AllreduceCall::telemetry, so that all ranks have all records at its end. It must reduce at
  /// least one element a rank.
  bool carries = false;
  bool ends_apart = false;  ///< some ranks end about half a call before others
  /// [byte] Upper bound of what `rank` sends, if that depends on which indices the ranks have in common; else
  /// null.
  std::int64_t (*most_bytes)(const AllreduceShape& shape, int rank) = nullptr;
  /// `run` for calls of up to short_bytes, without messages; null: there is none. Ranks may mix the two:
  /// `run` on one rank works with run_short on another.
  std::int64_t short_bytes = 0;
  void (*run_short)(const ShortCall& call) = nullptr;
  std::optional<SelectionRule> rule = {};  ///< nullopt if it is exact
  Reach reach = Reach::host;
};

/// [byte] that all ranks together send.
std::int64_t total_wire_bytes(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

/// The shape with the algorithm's tuning parameters set.
AllreduceShape tuned_for(const AllreduceAlgorithm& algorithm, AllreduceShape shape, const CostModel& model);

/// Runs the algorithm to its end. Collective.
void run(const AllreduceAlgorithm& algorithm, AllreduceCall& call);

}  // namespace pliant
