// A communicator breaks when an operation fails in its messages, and is repaired by all ranks together.
//
//   a rank's operation fails     it sends a notice to every other rank
//   another rank waits           it finds the notice, gives up its operations, and sends its own
//   until the repair             nothing more is begun
//   Pliant_Comm_repair           new connections; ranks agree again on what they must hold alike
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "collectives/device/device_part.hpp"
#include "mpi/agree.hpp"
#include "runtime/context.hpp"
#include "runtime/guard.hpp"
#include "runtime/request.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

constexpr const char* kWhatToDo = "Call Pliant_Comm_repair on all ranks, or end the program";

/// The part of a tensor's state that must be equal on all ranks. The largest value of all ranks counts.
struct Standing {
  std::int64_t key = 0;  ///< of a request: its tensor's ordinal; of a blocking call: -1 - place
  std::int64_t step = 0;
  std::int64_t feedback = -1;  ///< of error_feedbacks(); -1: none so far
  std::int64_t outstanding = 0;
  std::int64_t has_channels = 0;
  std::int64_t ranks = 1;  ///< ranks that have the tensor
};

Standing standing_of(const TensorState& tensor, std::int64_t key) {
  const auto feedbacks = error_feedbacks();
  const auto found = std::find(feedbacks.begin(), feedbacks.end(), tensor.feedback);
  return {.key = key,
          .step = tensor.step,
          .feedback = found == feedbacks.end() ? -1 : found - feedbacks.begin(),
          .outstanding = tensor.memory.outstanding ? 1 : 0};
}

std::map<std::int64_t, Standing> join(const Communicator& comm, const std::vector<Standing>& own) {
  const std::vector<std::byte> all = gather_from_all(comm, std::as_bytes(std::span(own)));
  std::map<std::int64_t, Standing> joined;
  for (std::size_t at = 0; at < all.size(); at += sizeof(Standing)) {
    Standing one;
    std::memcpy(&one, all.data() + at, sizeof one);
    const auto [place, is_new] = joined.emplace(one.key, one);
    if (is_new) continue;
    Standing& all_ranks = place->second;
    all_ranks.step = std::max(all_ranks.step, one.step);
    all_ranks.feedback = std::max(all_ranks.feedback, one.feedback);
    all_ranks.outstanding = std::max(all_ranks.outstanding, one.outstanding);
    all_ranks.has_channels = std::max(all_ranks.has_channels, one.has_channels);
    ++all_ranks.ranks;
  }
  return joined;
}

void take_over(TensorState& tensor, const Standing& of_all) {
  tensor.step = of_all.step;
  if (of_all.feedback < 0) return;
  tensor.prepare(*error_feedbacks()[static_cast<std::size_t>(of_all.feedback)]);
  tensor.memory.outstanding = of_all.outstanding != 0;
  tensor.feedback->realign(tensor.memory);
}

}  // namespace

void Context::require_whole() {
  if (!broken_ && comm().has_announced_failure()) note_failed_messages();
  if (!broken_) return;
  throw Error(ErrorClass::other,
              std::string("an operation on this communicator has failed before: ") + broken_->what(),
              "ranks may differ in what was done, so nothing more begins", kWhatToDo);
}

void Context::break_off(const Error& why) {
  if (broken_) return;
  broken_ = why;
  comm().announce_failure();
  hosts().announce_failure();
  if (device_ != nullptr && device_->nccl != nullptr) device_->nccl->abort("an operation was given up");
  for (Pliant_Request_s* request : live_requests_)
    if (request->started && !request->pending.ended) leave_to_mpi(*request);
  const std::vector<PendingOperation*> all = pending_;
  for (PendingOperation* each : all) {
    if (each->stepping) continue;  // it is on the stack, and notices by itself
    each->workspace.execution.give_up();
    each->error = why;
    note_end(*each);
  }
}

void Context::look_for_failure() {
  if (broken_ || ended_) return;
  const int failed = comm().failed_rank();
  if (failed >= 0)
    break_off(Error(ErrorClass::other,
                    "rank " + std::to_string(failed) + " has given up an operation on this communicator",
                    "all ranks carry out an operation, or none",
                    std::string("Read that rank's message. ") + kWhatToDo));
  else if (comm().has_announced_failure())
    note_failed_messages();
}

void Context::note_failed_messages() {
  break_off(Error(ErrorClass::other, "messages of this communicator have failed",
                  "all ranks carry out an operation, or none", kWhatToDo));
}

bool Context::settled() {
  const bool leaders = hosts().settled();
  return comm().settled() && leaders;
}

void Context::repair(MPI_Comm user) {
  break_off(Error(ErrorClass::other, "the communicator was repaired while an operation was under way",
                  "a repair ends all of them", "Start it again"));
  while (!settled()) pause();
  renew_links(user);
  std::vector<Standing> own;
  for (const Pliant_Request_s* request : live_requests_) {
    own.push_back(standing_of(*request->tensor, request->tensor->ordinal));
    own.back().has_channels = request->hosts != nullptr ? 1 : 0;
  }
  const std::vector<BlockingTensor>& of_calls = tensors().of_blocking_calls();
  for (std::size_t i = 0; i < of_calls.size(); ++i)
    own.push_back(standing_of(*of_calls[i].state, -1 - static_cast<std::int64_t>(i)));
  const std::map<std::int64_t, Standing> all = join(comm(), own);
  std::vector<int> unlike;  // places that only some ranks have, made in the call that failed
  for (std::size_t i = 0; i < of_calls.size(); ++i)
    if (all.at(-1 - static_cast<std::int64_t>(i)).ranks < ranks_) unlike.push_back(static_cast<int>(i));
  tensors().forget(unlike);
  const std::optional<Error> problem = attempt([&] {
    for (std::size_t i = 0; i < of_calls.size(); ++i)
      take_over(*of_calls[i].state, all.at(-1 - static_cast<std::int64_t>(i)));
    for (Pliant_Request_s* request : live_requests_)
      take_over(*request->tensor, all.at(request->tensor->ordinal));
  });
  throw_together(comm(), problem, "cannot be repaired");
  for (const auto& [ordinal, of_all] : all) {
    HostGroup::RequestChannels sites =
        of_all.has_channels != 0 ? hosts().take_channels() : HostGroup::RequestChannels();
    for (Pliant_Request_s* request : live_requests_) {
      if (request->tensor->ordinal != ordinal) continue;
      renew(*request, std::move(sites), links_->resources);
      break;
    }
  }
  agree_anew();
  broken_.reset();
}

/// Makes the communicator's own counters and model equal again: some ranks may have been ahead. Collective.
void Context::agree_anew() {
  if (first_rank_where(comm(), device_ == nullptr) < 0) {
    device_->nccl.reset();
    connect_nccl(*device_);
  }
  tensors().realign(comm());
  std::array<double, 1> calls = {static_cast<double>(plain_calls)};
  agree_max(comm(), calls);
  plain_calls = static_cast<std::int64_t>(calls[0]);
  starts_ = 0;
  turns_ = turns_done = 0;
  call_sites.begin_epoch();
  std::string known;
  for (const ModelNumber& number : numbers_of(model_))
    known.append(reinterpret_cast<const char*>(number.value), sizeof *number.value);
  if (first_rank_where(comm(), measured_) < 0) return;
  if (same_on_all_ranks(comm(), known + (measured_ ? "measured" : "nominal"))) {
    set_model(model_);
  } else {
    measure();
  }
}

}  // namespace pliant
