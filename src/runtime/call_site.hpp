// What a communicator remembers of one kind of call. A request has a call site of its own. Blocking calls of one
// count, type, operation and memory share one.
#pragma once

#include <pliant/pliant.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "compress/gain_model.hpp"
#include "core/recent_map.hpp"
#include "planner/decision.hpp"
#include "planner/sync_state.hpp"

namespace pliant {

/// The inputs on which the ranks agreed at the last call with an adaptive policy. Pliant_Comm_plan uses them.
struct LastAgreedInputs {
  double compute_s = 0;
  double margin = 1;
  std::optional<GainModel> gain;
};

/// How the next call completes without a decision: runtime/short_call.hpp.
struct ShortPath {
  const AllreduceAlgorithm* algorithm = nullptr;  ///< null: calls take the long path
  bool needs_compute_time = false;                ///< the policy's
  Pliant_Report report{};                         ///< of every such call, except for the times
};

/// Equal on all ranks except for the times, and for the short path: each rank may take it or not.
struct CallSite {
  std::int64_t epoch = 0;  ///< CallSites::epoch() of the decision and the short path
  ShortPath short_path;
  RememberedDecision decision;
  SyncState sync;
  std::optional<LastAgreedInputs> agreed;
};

/// What blocking calls of one call site have in common.
struct CallKind {
  std::int64_t count = 0;  ///< elements
  ElementType type = ElementType::float32;
  ReduceOp op = ReduceOp::sum;
  Memory memory = Memory::host;

  std::uint64_t hash() const {
    const auto kind = static_cast<std::uint64_t>(type) * kReduceOps + static_cast<std::uint64_t>(op);
    return mixed_hash(static_cast<std::uint64_t>(count), 2 * kind + (memory == Memory::device ? 1 : 0));
  }
  friend bool operator==(const CallKind&, const CallKind&) = default;
};

/// The call sites of a communicator's blocking calls.
class CallSites {
 public:
  /// Beyond kMost kinds the least recently used one is forgotten. Ranks make blocking calls in one order, and
  /// call of() once or more for each, so they forget the same.
  CallSite& of(const CallKind& kind) {
    CallSite* const known = sites_.find(kind);
    CallSite& site = known != nullptr ? *known : sites_.add(kind, {});
    renew(site);
    return site;
  }
  /// The call site, or null. Does not count as use, so one rank alone may ask.
  const CallSite* look_at(const CallKind& kind) const { return sites_.look_at(kind); }

  /// Drops the decision and the short path of `site` if an input of decisions has changed since. For a
  /// request's call site, too.
  void renew(CallSite& site) const {
    if (site.epoch == epoch_) return;
    site.epoch = epoch_;
    site.decision.forget();
    site.short_path.algorithm = nullptr;
  }
  /// Notes that an input of decisions has changed: the plan, the model, or whether ranks have requests. To be
  /// called on all ranks.
  void begin_epoch() { ++epoch_; }

 private:
  static constexpr std::size_t kMost = 4096;
  RecentMap<CallKind, CallSite> sites_{kMost};
  std::int64_t epoch_ = 1;
};

}  // namespace pliant
