// The tensors of a communicator: one of each request, and those of blocking calls. All ranks hold the same
// ones, in the same order. Each rank has its own residuals, and its own addresses.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/tensor.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// A tensor of blocking calls: those of one count that every rank makes into one recvbuf of its own.
struct BlockingTensor {
  void* recvbuf = nullptr;  ///< this rank's
  std::unique_ptr<TensorState> state;
};

/// Tensors as a state file has them.
struct SavedTensors {
  std::vector<TensorState> of_requests;  ///< in the order in which they were made; names differ
  std::vector<TensorState> of_blocking_calls;
};

class Tensors {
 public:
  Tensors() = default;
  Tensors(const Tensors&) = delete;
  Tensors& operator=(const Tensors&) = delete;

  // ---- Of requests ----

  /// The next request's: its name is pliant_name, or "#0", "#1", ... by the order of requests. Collective.
  /// Throws Error(argument) on every rank where a request alive has that name; nothing has changed then.
  std::shared_ptr<TensorState> add(const Communicator& comm, const std::string& name, std::int64_t count);
  /// Give a request's tensor what was loaded for it, if anything was. Collective. Throws Error(io) on every
  /// rank where that has another count.
  void adopt_loaded(const Communicator& comm, TensorState& tensor);

  // ---- Of blocking calls ----

  /// Tensors of blocking calls that a communicator remembers; each costs `count` floats.
  static constexpr int kMost = 64;
  /// Places of a tensor that is not there: there is room for it, or there is none.
  static constexpr int kNone = -1;
  static constexpr int kFull = kMost;

  /// The first place whose tensor a call of this rank may mean. Ranks may find unlike places. Local.
  int find(const void* recvbuf, std::int64_t count) const;
  /// The first place that every rank's call may mean, made if there is none; or kFull. Collective.
  int agree_on_place(const Communicator& comm, void* recvbuf, std::int64_t count);
  /// Null for kNone and kFull.
  TensorState* at(int place) const;
  BlockingTensor& blocking(int place) { return blocking_[static_cast<std::size_t>(place)]; }
  const std::vector<BlockingTensor>& of_blocking_calls() const { return blocking_; }
  /// Does recvbuf hold a residual of another count?
  bool has_other_count(const void* recvbuf, std::int64_t count) const;

  /// The places of a flush or forget of `recvbuf`, ascending: of tensors whose recvbuf it is on every rank,
  /// of all where it is NULL. Collective. Throws Error(buffer) on every rank where ranks name buffers of
  /// unlike tensors.
  std::vector<int> places_of(const Communicator& comm, const void* recvbuf) const;
  /// Drop the tensors at these places, which all ranks give, and with them their residuals.
  void forget(const std::vector<int>& places);
  /// Drop what was loaded for blocking calls to come.
  void forget_loaded() { loaded_.of_blocking_calls.clear(); }

  /// After a call that failed on some ranks: they count alike again. Collective.
  void realign(const Communicator& comm);

  // ---- Saving and loading ----

  /// Copies of those that were ever lossy, those loaded for requests and calls to come among them.
  SavedTensors saved() const;
  /// Throws Error(io) unless each tensor alive has its count in `loaded`.
  void check_fit(const SavedTensors& loaded, const char* path) const;
  /// Tensors alive take theirs. The rest is for requests and calls to come, and replaces what was.
  void load(SavedTensors loaded);
  /// Name and count of each, one a line: equal on all ranks that have made and freed the same requests.
  std::string list() const;

 private:
  std::vector<std::shared_ptr<TensorState>> alive() const;

  std::vector<std::weak_ptr<TensorState>> of_requests_;  ///< in order; expired: the request was freed
  std::int64_t requests_made_ = 0;
  std::vector<BlockingTensor> blocking_;
  std::int64_t blocking_made_ = 0;
  SavedTensors loaded_;  ///< and not yet taken
};

}  // namespace pliant
