// The tensors of a communicator: one per request, and those of blocking calls. All ranks hold the same
// tensors in the same order, each with its own residuals and addresses.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mpi/communicator.hpp"
#include "runtime/tensor.hpp"

namespace pliant {

/// A tensor of blocking calls, identified by its count and by the recvbuf on every rank.
struct BlockingTensor {
  void* recvbuf = nullptr;  ///< this rank's
  std::unique_ptr<TensorState> state;
};

/// The tensors of a state file.
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

  /// Adds the next request's tensor. Its name is pliant_name, or "#0", "#1", ... by the order of requests.
  /// Collective. If a live request has that name, throws Error(argument) on every rank and changes nothing.
  std::shared_ptr<TensorState> add(const Communicator& comm, const std::string& name, std::int64_t count);
  /// Gives a request's tensor the state that was loaded for it, if any. Collective. Throws Error(io) on every
  /// rank if the loaded count differs.
  void adopt_loaded(const Communicator& comm, TensorState& tensor);

  // ---- Of blocking calls ----

  /// Tensors of blocking calls that a communicator remembers; each costs `count` floats.
  static constexpr int kMost = 64;
  /// Places of a tensor that does not exist: kNone if there is room for it, kFull if not.
  static constexpr int kNone = -1;
  static constexpr int kFull = kMost;

  /// Returns the first place with this recvbuf and count. Ranks may find different places. Local.
  int find(const void* recvbuf, std::int64_t count) const;
  /// Returns the first place that matches on every rank; adds one if there is none, or returns kFull.
  /// Collective.
  int agree_on_place(const Communicator& comm, void* recvbuf, std::int64_t count);
  /// Null for kNone and kFull.
  TensorState* at(int place) const;
  BlockingTensor& blocking(int place) { return blocking_[static_cast<std::size_t>(place)]; }
  const std::vector<BlockingTensor>& of_blocking_calls() const { return blocking_; }
  /// Does recvbuf have an outstanding residual of another count?
  bool has_other_count(const void* recvbuf, std::int64_t count) const;

  /// Returns the places to flush or forget, ascending: those of tensors with this recvbuf on every rank, or
  /// all for NULL. Collective. Throws Error(buffer) on every rank if ranks give buffers of different tensors.
  std::vector<int> places_of(const Communicator& comm, const void* recvbuf) const;
  /// Drops the tensors at these places with their residuals. All ranks give the same places.
  void forget(const std::vector<int>& places);
  /// Drops the state that was loaded for later blocking calls.
  void forget_loaded() { loaded_.of_blocking_calls.clear(); }

  /// Makes the counters equal on all ranks, after a call that failed on some. Collective.
  void realign(const Communicator& comm);

  // ---- Saving and loading ----

  /// Copies of the tensors that were ever lossy, and of those that were loaded and not used yet.
  SavedTensors saved() const;
  /// Throws Error(io) if a live tensor has another count in `loaded`.
  void check_fit(const SavedTensors& loaded, const char* path) const;
  /// Live tensors take their state. The rest is kept for later requests and calls, and replaces older state.
  void load(SavedTensors loaded);
  /// Name and count of each tensor, one per line. Equal on ranks that have made and freed the same requests.
  std::string list() const;

 private:
  std::vector<std::shared_ptr<TensorState>> alive() const;

  std::vector<std::weak_ptr<TensorState>> of_requests_;  ///< in order; expired: the request was freed
  std::int64_t requests_made_ = 0;
  std::vector<BlockingTensor> blocking_;
  std::int64_t blocking_made_ = 0;
  SavedTensors loaded_;  ///< loaded and not used yet
};

}  // namespace pliant
