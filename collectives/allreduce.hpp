// What an allreduce algorithm is: a name, a cost, and a function that runs it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
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

namespace pliant {

/// How coded messages reach all ranks.
enum class Route {
  doubling,    ///< in ceil(log2 P) rounds
  neighbours,  ///< from each rank to the next, in segments that are passed on as they come
};

/// Whose largest elements a lossy algorithm sends. Algorithms that send the same leave the same residuals, so
/// that k is worth the same in each: they are of one family.
enum class Family {
  exact,     ///< everything is sent
  own,       ///< each rank's own k
  sum,       ///< the k largest of the sum of these
  quota,     ///< k places, of which each rank nominates its share
  turn,      ///< one rank's k, the ranks in turn
  heaviest,  ///< one rank's k: the rank's whose selection weighs most
};
inline constexpr int kFamilies = 6;
/// As state files call them.
inline constexpr std::array<std::string_view, kFamilies> kFamilyNames = {"exact", "own",  "sum",
                                                                         "quota", "turn", "heaviest"};

/// Where a call's vectors of `count` elements lie; on all ranks alike.
enum class Memory { host, device };

/// In whose memory an algorithm can have them.
enum class Reach {
  host,    ///< elsewhere they are staged: brought to the host before, and back afterwards
  any,     ///< it touches them by kernels/long_vectors.hpp alone; what travels is the host's
  device,  ///< a device's only: what travels is there, too
};

/// What is to be reduced: all that a cost formula may know of a call. Equal on all ranks.
struct AllreduceShape {
  int ranks = 1;
  int hosts = ranks;     ///< on which they are
  int most_on_host = 1;  ///< ranks
  int domains = 1;       ///< caches that ranks are bound to, on the host with most of them
  std::int64_t slot_bytes = HostLanes::kSlotBytes;  ///< of the memory that ranks of a host share
  std::int64_t count = 0;                           ///< elements per rank
  ElementType type = ElementType::float32;
  std::int64_t kept = 0;  ///< elements a lossy algorithm sends values for; ignored by exact ones
  const IndexCodec* index_codec = &raw_indices;     ///< null: the one predicted to be quickest
  const ValueCodec* value_codec = &float32_values;  ///< of values that travel unreduced
  // How it is done, where an algorithm leaves a choice: its tuned() sets these. Any value is correct.
  std::int64_t segment_bytes = Communicator::kPieceBytes;  ///< longest message of a pipeline, a multiple of 8
  Route route = Route::doubling;                           ///< of coded messages
  std::int64_t block_bytes = Communicator::kPieceBytes;    ///< what leaders of hosts reduce at once; as above
  bool by_domains = false;                                 ///< ranks of a host add up cache by cache
  Memory memory = Memory::host;
  bool has_nccl = false;                                 ///< of the device's memory: NCCL connects all ranks
  bool mpi_reads_device = false;                         ///< the MPI library takes pointers to it
  std::int64_t stage_bytes = Communicator::kPieceBytes;  ///< of it, what is brought to the host at once

  std::int64_t bytes() const { return count * element_bytes(type); }
  std::int64_t kept_bytes() const { return kept * element_bytes(type); }
  std::int64_t index_bytes() const { return kept * static_cast<std::int64_t>(sizeof(std::uint32_t)); }

  friend bool operator==(const AllreduceShape&, const AllreduceShape&) = default;
};

struct DevicePart;
struct DeviceWorkspace;

/// Buffers of the algorithms, kept between calls; they only grow. One call at a time uses them.
struct Workspace {
  FramePool frames;               ///< of suspended functions
  Execution execution;            ///< the call under way
  Room receive;                   ///< dense algorithms: the partner's elements
  Room doubling;                  ///< recursive doubling: the partner's elements
  Room scores;                    ///< small values of all ranks
  SelectWorkspace select;         ///< this rank's own selection stays there until the next
  Room messages;                  ///< encoded indices and values, own and received
  std::int64_t message_room = 0;  ///< [byte] for those of one rank
  std::vector<std::span<std::byte>> message_list;
  Room indices;  ///< decoded ones
  Room values;
  Room nominations;                         ///< quota_*: indices that all ranks have nominated
  Room magnitudes;                          ///< quota_*: of this rank's selection
  Room turns;                               ///< quota_*: reserves in the order in which they are drawn
  Room sums;                                ///< sparse vectors that are being added
  Room borders;                             ///< between the ranks' shares of the index
  SelectWorkspace choice;                   ///< a selection among sums, beside the rank's own
  GainCurve curve;                          ///< of the rank's own selection, where it was asked for
  Room taken;                               ///< values that this rank has taken out of its residual
  Room sample;                              ///< gradients at few places: api/quality.cpp
  Room sampled;                             ///< these places
  std::shared_ptr<DeviceWorkspace> device;  ///< of calls on a device's memory; null before the first
};

/// What a lossy algorithm tells of its run on this rank.
struct SparseOutcome {
  /// Of the values this rank sent, sent_squared being that of the finite ones; total_squared: of all its
  /// error-fed gradient.
  Selection selection;
  double rounding_squared = 0;  ///< squared norm of what value codecs gave back to the residual
  double compress_s = 0;        ///< [s] spent in selecting, encoding, gathering, clearing and scattering
};

/// A rank's own top-k: places in Workspace::select.
struct OwnSelection {
  bool made = false;
  std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;           ///< [kept]
  double sent_squared = 0;           ///< of the finite ones
  std::int64_t nonfinite = 0;        ///< the others
};

/// What a rank has taken out of its residual in order to send it: goes back there if the operation fails.
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
  bool may_block = true;  ///< false: others are under way that this call must not keep waiting
  MPI_Comm mpi_comm = MPI_COMM_NULL;  ///< for MPI's own collectives where operations may overtake one another
  HostLanes* hosts =
      nullptr;                ///< null: every host has one rank; must be there where the shape says otherwise
  std::byte* data = nullptr;  ///< [count] exact: in this rank's elements, out the result; lossy: out only
  DevicePart* device = nullptr;  ///< null: vectors lie in the host's memory

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

/// An exact call, short, and the only one under way on its communicator: a plain function carries it out at
/// once.
struct ShortCall {
  HostLanes* hosts;  ///< null: there is one rank
  ReduceFunction reduce;
  const std::byte* send;   ///< [count]; may be recv
  std::byte* recv;         ///< [count]
  std::int64_t count;      ///< elements
  std::size_t bytes;       ///< of them
  void (*idle)(void* of);  ///< called now and again while others are waited for; what it throws ends the call
  void* of;                ///< what it is given

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
  /// [s] by the papers' Table I and Eq. 4; null where they have no formula.
  double (*paper_cost_s)(const AllreduceShape& shape, const LinkModel& link);
  /// The shape with the choices for which cost_s holds; null: there are none.
  AllreduceShape (*tuned)(AllreduceShape shape, const CostModel& model);
  /// What `rank` sends: exact, but for the lengths of coded indices other than raw and bitmap. Where
  /// most_bytes is not null, its bytes depend on the data, and these are what they are on average.
  Traffic (*sent)(const AllreduceShape& shape, int rank);
  /// Collective. All ranks end with the same bits in `data`. The call must outlive the task.
  Task (*run)(AllreduceCall& call);
  bool two_level = false;  ///< asks on which hosts the ranks are
  /// What a two-level one is where every host has one rank; null: nothing.
  const AllreduceAlgorithm* between_hosts = nullptr;
  bool calls_mpi = false;  ///< all of it is one of MPI's collectives, which have an order of their own
  bool streams = false;    ///< begins with the elements that are available; others need all of them at once
  /// [byte] that `rank` sends at most, where that depends on which indices the ranks have in common.
  std::int64_t (*most_bytes)(const AllreduceShape& shape, int rank) = nullptr;
  /// `run` for calls of up to so many bytes, which sends no message. It meets `run` on other ranks, so that
  /// each rank may take either; null: there is none.
  std::int64_t short_bytes = 0;
  void (*run_short)(const ShortCall& call) = nullptr;
  Family family = Family::exact;
  Reach reach = Reach::host;
};

/// [byte] all ranks together send.
std::int64_t total_wire_bytes(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

/// The shape as the algorithm is to be given it.
AllreduceShape tuned_for(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                         const CostModel& model);

/// Runs it to its end. Collective.
void run(const AllreduceAlgorithm& algorithm, AllreduceCall& call);

}  // namespace pliant
