#include "api/context.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/guard.hpp"
#include "api/request.hpp"
#include "api/together.hpp"
#include "collectives/device/device_part.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "mpi/check.hpp"

namespace pliant {
namespace {

/// What is assumed before anything was measured: kNominalLink and one core (10 GB/s
/// added, 1 ns per element selected, some ns per index encoded). Only messages below the measuring threshold
/// are ever chosen by it.
constexpr CostModel kNominalModel = {
    .link = kNominalLink,
    .compute = {.gamma_s_per_byte = 0.1e-9,
                .select_s_per_element = 1e-9,
                .apply_s_per_element = 0.1e-9,
                .pair_s_per_element = 2e-9,
                .drain_s_per_element = 0.5e-9,
                .codec_s_per_index = {1e-9, 2e-9, 4e-9, 10e-9}},
};

/// Collective. Returns once all ranks have come; what is under way goes on meanwhile, since another rank may
/// wait for it before it comes. What MPI itself does together from here on blocks only for a moment.
void wait_for_all(MPI_Comm comm, Process& process) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_users("MPI_Ibarrier", [&] { return MPI_Ibarrier(comm, &request); });
  for (int all = 0; all == 0;) {
    check(MPI_Test(&request, &all, MPI_STATUS_IGNORE), "MPI_Test");
    if (all == 0) process.progress().advance_others(nullptr);
  }
}

/// Collective. Throws on all ranks where one of them has a problem.
Communicator duplicate_if_all_can(MPI_Comm user, Process& process, const std::optional<Error>& problem) {
  wait_for_all(user, process);
  Communicator made = Communicator::duplicate(user);
  throw_together(made, problem, "cannot begin");
  return made;
}

}  // namespace

Context::Context(MPI_Comm user, Process& process, Setup setup, SettingLayer inherited)
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
        attempt([&] { busy = first_rank_where(comm(), !under_way_.empty()) >= 0; });
    if (failed) break_off(*failed);
  }
  busy = busy || broken();  // the other ranks learn of it while they wait for this one
  for (Pliant_Request_s* request : live_requests_) let_go(*request, busy);
  if (device_ != nullptr) device_->nccl.reset();
  ended_ = true;
  process_.progress().remove(*this);
  if (busy) {
    if (!under_way_.empty())
      process_.logger().warn(
          "communicator " + std::to_string(id_) +
          " ends with operations under way (a request must be complete before MPI_Finalize). "
          "Call Pliant_Wait first");
    // MPI goes on with their messages: what they use is never given back.
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
  // MPI may still hold messages on the old ones: they are never given back.
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

void Context::prepare(UnderWay& under_way) {
  under_way.workspace.select.team = team_;
  under_way.sent = {};
  under_way.ended = false;
  under_way.error.reset();
}

template <class Act>
void Context::step(UnderWay& under_way, Act&& act) {
  if (under_way.stepping) return;
  under_way.stepping = true;
  const Traffic before = comm().traffic();
  under_way.error = attempt([&] { act(under_way.workspace.execution); });
  under_way.sent = under_way.sent + (comm().traffic() - before);
  under_way.stepping = false;
  if (!under_way.error && !under_way.workspace.execution.idle()) return;
  note_end(under_way);
  if (under_way.error && !under_way.error->is_on_all_ranks()) break_off(*under_way.error);
}

void Context::note_end(UnderWay& under_way) {
  under_way.ended = true;
  std::erase(under_way_, &under_way);
  if (under_way_.empty()) process_.progress().remove(*this);
}

void Context::begin(UnderWay& under_way, Task task) {
  under_way_.push_back(&under_way);
  ++begun_;
  if (under_way_.size() == 1) process_.progress().add(*this);
  step(under_way, [&](Execution& execution) {
    execution.start(std::move(task));
    execution.advance();
  });
}

void Context::advance_all() {
  for (std::size_t i = 0; i < under_way_.size(); ++i)
    step(*under_way_[i], [](Execution& execution) { execution.advance(); });
}

/// MPI may wait for it: nothing else would go on meanwhile, and no other thread can start anything.
bool Context::alone(const UnderWay& under_way) {
  return !process_.threads_call_mpi() && under_way_.size() == 1 && under_way_.front() == &under_way &&
         !process_.progress().advance_others(this);
}

void Context::finish(UnderWay& under_way) {
  for (int looks = 0; !under_way.ended; ++looks) {
    if (alone(under_way)) {
      step(under_way, [](Execution& execution) { execution.advance_for(kLooks); });
    } else {
      advance_all();
    }
    if (under_way.ended) break;
    pause();
    if (looks > kLooks && process_.threads_call_mpi()) sched_yield();
  }
  while (under_way.error && !settled()) pause();
}

void Context::finish_all(const char* what) {
  require_same_starts(what);
  while (!under_way_.empty()) finish(*under_way_.front());
  require_whole();
}

void Context::wait_for_ranks() {
  first_rank_where(comm(), false);
}

bool Context::others_under_way() {
  const bool here =
      std::any_of(under_way_.begin(), under_way_.end(), [](const UnderWay* each) { return !each->stepping; });
  return process_.progress().advance_others(this) || here;
}

void Context::rethrow(UnderWay& under_way) {
  if (!under_way.error) return;
  const Error error = *under_way.error;
  under_way.error.reset();
  throw error;
}

void Context::advance_everything() {
  advance_all();
  process_.progress().advance_others(this);
  look_for_failure();
}

// MPI goes on while a notice is looked for: it does not say that there is none before it has looked at
// everything.
void Context::pause() {
  constexpr int kMostYields = 64;
  mutex_.unlock();
  process_.progress().advance_others(this);
  // A mutex that is taken again at once stays with its thread: whoever wants it is given the time to wake.
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
  under_way_.reserve(live_requests_.size() + 1);
  note_requests(true);
  return share;
}

void Context::agree_on_requests() {
  note_requests(first_rank_where(comm(), has_live_requests()) >= 0);
}

void Context::note_requests(bool any) {
  if (links_->resources.note_any_live(any)) short_calls.forget();  // which were decided the other way
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
