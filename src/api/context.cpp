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

/// What hangs on a communicator.
struct Attribute {
  std::shared_ptr<Context> context;  ///< null: nothing was called on this duplicate yet
  SettingLayer inherited;            ///< what was set on the communicator that this is a duplicate of
};

/// Local, as MPI_Comm_free may be: the context ends later.
int on_delete(MPI_Comm, int, void* attribute, void*) {
  const std::unique_ptr<Attribute> gone(static_cast<Attribute*>(attribute));
  if (gone->context != nullptr) gone->context->note_comm_freed();
  return MPI_SUCCESS;
}

/// A duplicate has the settings of its original, as it has MPI's own hints, and nothing else of it.
int on_copy(MPI_Comm, int, void*, void* attribute, void* copy, int* copied) {
  const auto& original = *static_cast<const Attribute*>(attribute);
  auto made = std::make_unique<Attribute>();
  made->inherited = original.context != nullptr ? original.context->config().info : original.inherited;
  *static_cast<void**>(copy) = made.release();
  *copied = 1;
  return MPI_SUCCESS;
}

int keyval() {
  static const int value = [] {
    int made = MPI_KEYVAL_INVALID;
    check(MPI_Comm_create_keyval(on_copy, on_delete, &made, nullptr), "MPI_Comm_create_keyval");
    return made;
  }();
  return value;
}

/// Null where nothing hangs on it.
Attribute* attribute_of(MPI_Comm comm) {
  void* attribute = nullptr;
  int found = 0;
  const int key = keyval();
  check_users("MPI_Comm_get_attr", [&] { return MPI_Comm_get_attr(comm, key, &attribute, &found); });
  return found != 0 ? static_cast<Attribute*>(attribute) : nullptr;
}

Context::Setup setup_of(Process& process) {
  Context::Setup setup;
  setup.problem = attempt([&] {
    const ProcessSettings& settings = process.settings();
    setup.kernels = &choose_kernels(settings.kernels);
    setup.team = process.team();
  });
  return setup;
}

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

void require_intracommunicator(MPI_Comm comm) {
  if (comm == MPI_COMM_NULL)
    throw Error(ErrorClass::communicator, "comm = MPI_COMM_NULL", "a communicator is needed",
                "Pass a valid one");
  int inter = 0;
  check_users("MPI_Comm_test_inter", [&] { return MPI_Comm_test_inter(comm, &inter); });
  if (inter != 0)
    throw Error(ErrorClass::communicator, "comm is an intercommunicator",
                "only Pliant_Allreduce takes one, and passes it to MPI",
                "Merge it with MPI_Intercomm_merge first");
}

}  // namespace

Context* Context::made_for(MPI_Comm comm) {
  void* attribute = nullptr;
  int found = 0;
  const int key = keyval();
  check_users("MPI_Comm_get_attr", [&] { return MPI_Comm_get_attr(comm, key, &attribute, &found); });
  if (found == 0) return nullptr;
  Context* const context = static_cast<Attribute*>(attribute)->context.get();
  return context != nullptr && !context->ended() ? context : nullptr;
}

std::shared_ptr<Context> Context::find(MPI_Comm comm) {
  require_intracommunicator(comm);
  const Attribute* const attribute = attribute_of(comm);
  if (attribute == nullptr || attribute->context == nullptr) return nullptr;
  attribute->context->require_alive();
  return attribute->context;
}

std::shared_ptr<Context> Context::of(MPI_Comm comm) {
  if (auto found = find(comm)) return found;
  Process& process = Process::instance();
  Attribute* attribute = attribute_of(comm);
  if (attribute == nullptr) {
    auto made = std::make_unique<Attribute>();
    check(MPI_Comm_set_attr(comm, keyval(), made.get()), "MPI_Comm_set_attr");
    attribute = made.release();
  }
  auto context = std::make_shared<Context>(comm, process, setup_of(process), attribute->inherited);
  attribute->context = context;
  process.contexts().add(context);
  const CollectiveCall call(*context);
  process.contexts().end_abandoned(*context);
  return context;
}

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
  const CollectiveCall call(*this);
  const bool busy = first_rank_where(comm(), !under_way_.empty()) >= 0;
  for (Pliant_Request_s* request : live_requests_) let_go(*request, busy);
  if (device_ != nullptr) device_->nccl.reset();
  ended_ = true;
  process_.progress().remove(*this);
  if (busy) {
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

void Context::enter() {
  ++wanting_;
  mutex_.lock();
  --wanting_;
}

CollectiveCall::CollectiveCall(Context& context) : context_(context) {
  context.enter();
  while (context.in_collective_) context.pause();
  if (context.ended()) context.mutex_.unlock();
  context.require_alive();
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
    if (under_way.ended) return;
    pause();
    if (looks > kLooks && process_.threads_call_mpi()) sched_yield();
  }
}

void Context::finish_all(const char* what) {
  require_same_starts(what);
  while (!under_way_.empty()) finish(*under_way_.front());
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
  progress_others();
}

void Context::progress_others() {
  process_.progress().advance_others(this);
  // MPI goes on in its calls only. What is asked for never comes, since no rank sends to itself here: MPI
  // does not return before it has looked at everything.
  int arrived = 0;
  MPI_Iprobe(comm().rank(), 0, comm().handle(), &arrived, MPI_STATUS_IGNORE);
}

void Context::pause() {
  constexpr int kMostYields = 64;
  mutex_.unlock();
  progress_others();
  // A mutex that is taken again at once stays with its thread: whoever wants it is given the time to wake.
  for (int i = 0; i < kMostYields && wanting_ > 0; ++i) sched_yield();
  mutex_.lock();
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
