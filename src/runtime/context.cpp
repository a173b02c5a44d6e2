#include "runtime/context.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "collectives/device/device_part.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "mpi/check.hpp"
#include "runtime/guard.hpp"
#include "runtime/request.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

/// Assumed before anything was measured: kNominalLink and one core (10 GB/s added, 1 ns per element selected,
/// some ns per index encoded). It decides only for messages below the measuring threshold.
constexpr CostModel kNominalModel = {
    .link = kNominalLink,
    .compute = {.gamma_s_per_byte = 0.1e-9,
                .select_s_per_element = 1e-9,
                .apply_s_per_element = 0.1e-9,
                .pair_s_per_element = 2e-9,
                .drain_s_per_element = 0.5e-9,
                .codec_s_per_index = {1e-9, 4e-9, 10e-9}},
};

/// A barrier that advances pending operations, since another rank may wait for one before it arrives. MPI's
/// own collectives block only briefly afterwards. Collective.
void wait_for_all(MPI_Comm comm, Process& process) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_users("MPI_Ibarrier", [&] { return MPI_Ibarrier(comm, &request); });
  for (int all = 0; all == 0;) {
    check(MPI_Test(&request, &all, MPI_STATUS_IGNORE), "MPI_Test");
    if (all == 0) process.progress().advance_others(nullptr);
  }
}

/// Duplicates `user`. Collective. Throws on all ranks if one of them has a problem.
Communicator duplicate_if_all_can(MPI_Comm user, Process& process, const std::optional<Error>& problem) {
  wait_for_all(user, process);
  Communicator made = Communicator::duplicate(user);
  throw_together(made, problem, "cannot begin");
  return made;
}

}  // namespace

Context::Context(MPI_Comm user, Process& process, const Setup& setup, SettingLayer inherited)
    : process_(process),
      links_(std::make_unique<Links>(duplicate_if_all_can(user, process, setup.problem))),
      ranks_(comm().ranks()),
      id_(process.next_communicator()),
      kernels_(*setup.kernels),
      team_(setup.team),
      model_(kNominalModel) {
  const std::lock_guard held(mutex_);
  comm().set_idle(go_on, this);
  config_.info = std::move(inherited);
  share_with_root();
  problem_ = attempt([&] { take_hints(user); });
  if (!problem_) problem_ = attempt([&] { plan_ = make_plan(config_); });
}

void Context::note_comm_freed() {
  const std::lock_guard held(mutex_);
  comm_freed_ = true;
  drop_unused();
}

void Context::remove(Pliant_Request_s& request) {
  std::erase(live_requests_, &request);
  if (comm_freed_) drop_unused();
}

void Context::drop_unused() {
  if (live_requests_.empty()) own_.reset();
}

void Context::require_alive() const {
  if (!ended_) return;
  throw Error(ErrorClass::other, "this communicator has ended for Pliant",
              "MPI_Finalize ends all of them before later callbacks run",
              "Set your attribute on MPI_COMM_SELF after the first Pliant call: it is deleted before");
}

void Context::end() {
  const CollectiveCall call(*this, CollectiveCall::On::broken_too);
  bool busy = false;
  if (!broken()) {
    const std::optional<Error> failed =
        attempt([&] { busy = first_rank_where(comm(), !pending_.empty()) >= 0; });
    if (failed) break_off(*failed);
  }
  busy = busy || broken();  // the other ranks find out while they wait for this one
  for (Pliant_Request_s* request : live_requests_) let_go(*request, busy);
  if (device_ != nullptr) device_->nccl.reset();
  ended_ = true;
  process_.progress().remove(*this);
  if (busy) {
    if (!pending_.empty())
      process_.logger().warn(
          "communicator " + std::to_string(id_) +
          " ends with operations under way (a request must be complete before MPI_Finalize). "
          "Call Pliant_Wait first");
    // MPI may still use the buffers of their messages, so these are never freed.
    static_cast<void>(links_.release());
  } else {
    links_.reset();
    drop_unused();
  }
}

void Context::renew_links(MPI_Comm user) {
  std::unique_ptr<Links> fresh;
  mutex_.unlock();
  const std::optional<Error> problem =
      attempt([&] { fresh = std::make_unique<Links>(duplicate_if_all_can(user, process_, std::nullopt)); });
  mutex_.lock();
  if (problem) throw *problem;
  fresh->comm.set_idle(go_on, this);
  fresh->resources.go_on_from(links_->resources, fresh->comm);
  // MPI may still hold messages on the old links, so these are never freed.
  static_cast<void>(links_.release());
  links_ = std::move(fresh);
}

void Context::enter() {
  ++wanting_;
  mutex_.lock();
  --wanting_;
}

CollectiveCall::CollectiveCall(Context& context, On on) : context_(context) {
  context.enter();
  while (context.in_collective_) context.pause();
  const std::optional<Error> refused = attempt([&] {
    context.require_alive();
    if (on == On::whole) context.require_whole();
  });
  if (refused) context.mutex_.unlock();
  if (refused) throw *refused;
  context.in_collective_ = true;
}

void CollectiveCall::leave() {
  if (left_) return;
  left_ = true;
  context_.in_collective_ = false;
  context_.mutex_.unlock();
}

void Context::prepare(PendingOperation& pending) {
  pending.workspace.select.team = team_;
  pending.sent = {};
  pending.ended = false;
  pending.error.reset();
}

template <class Act>
void Context::step(PendingOperation& pending, Act&& act) {
  if (pending.stepping) return;
  pending.stepping = true;
  const Traffic before = comm().traffic();
  pending.error = attempt([&] { act(pending.workspace.execution); });
  pending.sent = pending.sent + (comm().traffic() - before);
  pending.stepping = false;
  if (!pending.error && !pending.workspace.execution.idle()) return;
  note_end(pending);
  if (pending.error && !pending.error->is_on_all_ranks()) break_off(*pending.error);
}

void Context::note_end(PendingOperation& pending) {
  pending.ended = true;
  std::erase(pending_, &pending);
  if (pending_.empty()) process_.progress().remove(*this);
}

void Context::begin(PendingOperation& pending, Task task) {
  pending_.push_back(&pending);
  ++begun_;
  if (pending_.size() == 1) process_.progress().add(*this);
  step(pending, [&](Execution& execution) {
    execution.start(std::move(task));
    execution.advance();
  });
}

void Context::advance_all() {
  for (std::size_t i = 0; i < pending_.size(); ++i)
    step(*pending_[i], [](Execution& execution) { execution.advance(); });
}

/// May MPI block until this operation advances? Only if it is the only one, and no other thread can start one.
bool Context::alone(const PendingOperation& pending) {
  return !process_.threads_call_mpi() && pending_.size() == 1 && pending_.front() == &pending &&
         !process_.progress().advance_others(this);
}

void Context::finish(PendingOperation& pending) {
  for (int looks = 0; !pending.ended; ++looks) {
    if (alone(pending)) {
      step(pending, [](Execution& execution) { execution.advance_for(kLooks); });
    } else {
      advance_all();
    }
    if (pending.ended) break;
    pause();
    if (looks > kLooks && process_.threads_call_mpi()) sched_yield();
  }
  while (pending.error && !settled()) pause();
}

void Context::finish_all(const char* what) {
  require_same_starts(what);
  while (!pending_.empty()) finish(*pending_.front());
  require_whole();
}

void Context::wait_for_ranks() {
  first_rank_where(comm(), false);
}

bool Context::others_pending() {
  const bool here = std::any_of(pending_.begin(), pending_.end(),
                                [](const PendingOperation* each) { return !each->stepping; });
  return process_.progress().advance_others(this) || here;
}

void Context::rethrow(PendingOperation& pending) {
  if (!pending.error) return;
  const Error error = *pending.error;
  pending.error.reset();
  throw error;
}

void Context::advance_everything() {
  advance_all();
  process_.progress().advance_others(this);
  look_for_failure();
}

// Looking for a failure notice also makes MPI progress: MPI looks at everything before it reports none.
void Context::pause() {
  constexpr int kMostYields = 64;
  mutex_.unlock();
  process_.progress().advance_others(this);
  // A mutex that is locked again at once stays with its thread, so give waiting threads time to wake.
  for (int i = 0; i < kMostYields && wanting_ > 0; ++i) sched_yield();
  mutex_.lock();
  look_for_failure();
}

void Context::go_on(void* of) {
  auto& context = *static_cast<Context*>(of);
  context.advance_all();
  context.pause();
}

double Context::computed_until(double begin_s) {
  outside.enter(begin_s);
  if (end_s <= 0) return 0;
  compute_times.add(begin_s - end_s);
  return begin_s - end_s;
}

SharedResources::Share Context::take_share(bool by_mpi, int first_wait) {
  SharedResources::Share share = links_->resources.take(comm(), by_mpi, first_wait);
  pending_.reserve(live_requests_.size() + 1);
  note_requests(true);
  return share;
}

void Context::agree_on_requests() {
  note_requests(first_rank_where(comm(), has_live_requests()) >= 0);
}

void Context::note_requests(bool any) {
  if (links_->resources.note_any_live(any)) call_sites.begin_epoch();
}

void Context::want_progress_thread() {
  if (!process_.settings().progress_thread) return;
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  if (provided == MPI_THREAD_MULTIPLE) {
    process_.progress().start_thread();
  } else {
    warn_once(
        "PLIANT_PROGRESS_THREAD = 1 has no effect: MPI gives no MPI_THREAD_MULTIPLE (ask MPI_Init_thread for "
        "it). Started operations go on in Pliant's calls");
  }
}

const Plan& Context::plan() const {
  if (problem_) throw *problem_;
  return *plan_;
}

const CostModel& Context::nominal_model() {
  return kNominalModel;
}

void Context::warn_once(const std::string& text) {
  if (comm().rank() == 0) warn_once_here(text);
}

void Context::warn_once_here(std::string_view key, const std::string& text) {
  if (said_.is_first(key)) process_.logger().warn(text);
}

}  // namespace pliant
