#include "api/context.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/guard.hpp"
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

using ContextPointer = std::shared_ptr<Context>;

int on_delete(MPI_Comm comm, int, void* attribute, void*) {
  auto* pointer = static_cast<ContextPointer*>(attribute);
  (*pointer)->process().detach(comm);
  delete pointer;
  return MPI_SUCCESS;
}

// A duplicate made by the user starts without state of ours, and gets its own when it is first used.
int keyval() {
  static const int value = [] {
    int made = MPI_KEYVAL_INVALID;
    check(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, on_delete, &made, nullptr), "MPI_Comm_create_keyval");
    return made;
  }();
  return value;
}

void require_intracommunicator(MPI_Comm comm) {
  if (comm == MPI_COMM_NULL)
    throw Error(ErrorClass::communicator, "comm = MPI_COMM_NULL", "a communicator is needed",
                "Pass a valid one");
  int inter = 0;
  check(MPI_Comm_test_inter(comm, &inter), "MPI_Comm_test_inter");
  if (inter != 0)
    throw Error(ErrorClass::communicator, "comm is an intercommunicator",
                "only Pliant_Allreduce takes one, and passes it to MPI",
                "Merge it with MPI_Intercomm_merge first");
}

/// Pairs of an MPI_Info. Throws for those that are Pliant's and wrong.
SettingLayer layer_of(MPI_Info info) {
  SettingLayer layer;
  if (info == MPI_INFO_NULL) return layer;
  int keys = 0;
  check(MPI_Info_get_nkeys(info, &keys), "MPI_Info_get_nkeys");
  for (int i = 0; i < keys; ++i) {
    std::array<char, MPI_MAX_INFO_KEY + 1> key{};
    check(MPI_Info_get_nthkey(info, i, key.data()), "MPI_Info_get_nthkey");
    int length = 0;
    int found = 0;
    check(MPI_Info_get_valuelen(info, key.data(), &length, &found), "MPI_Info_get_valuelen");
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    check(MPI_Info_get(info, key.data(), length, value.data(), &found), "MPI_Info_get");
    value.resize(static_cast<std::size_t>(length));
    add_info(layer, key.data(), value);
  }
  return layer;
}

SettingLayer over(SettingLayer base, const SettingLayer& more) {
  for (const auto& [key, value] : more) base[key] = value;
  return base;
}

/// Without what each rank has of its own.
SettingLayer common_part(SettingLayer layer) {
  for (const SettingRow& row : setting_rows())
    if (row.each_rank_its_own) layer.erase(row.key);
  return layer;
}

/// The first key in which two layers differ, as an error on this rank.
Error difference(const SettingLayer& mine, const SettingLayer& root) {
  for (const auto& [key, value] : over(mine, root)) {
    const auto here = mine.find(key);
    const auto there = root.find(key);
    if (here != mine.end() && there != root.end() && here->second == there->second) continue;
    const std::string mine_text = here == mine.end() ? "not set" : here->second;
    const std::string root_text = there == root.end() ? "not set" : there->second;
    return Error(ErrorClass::argument, quoted(key, mine_text) + " here, but " + root_text + " on rank 0",
                 "every rank gives the same settings", "Pass the same MPI_Info everywhere");
  }
  return Error(ErrorClass::argument, "another rank gives other settings than rank 0",
               "every rank gives the same settings", "Pass the same MPI_Info everywhere");
}

}  // namespace

Context* Context::made_for(MPI_Comm comm) {
  void* attribute = nullptr;
  int found = 0;
  const int code = MPI_Comm_get_attr(comm, keyval(), &attribute, &found);
  return code == MPI_SUCCESS && found != 0 ? static_cast<ContextPointer*>(attribute)->get() : nullptr;
}

std::shared_ptr<Context> Context::find(MPI_Comm comm) {
  require_intracommunicator(comm);
  void* attribute = nullptr;
  int found = 0;
  check(MPI_Comm_get_attr(comm, keyval(), &attribute, &found), "MPI_Comm_get_attr");
  return found != 0 ? *static_cast<ContextPointer*>(attribute) : nullptr;
}

std::shared_ptr<Context> Context::of(MPI_Comm comm) {
  if (auto found = find(comm)) return found;
  Process& process = Process::instance();
  auto made = std::make_unique<ContextPointer>(std::make_shared<Context>(comm, process));
  check(MPI_Comm_set_attr(comm, keyval(), made.get()), "MPI_Comm_set_attr");
  process.attach(comm, keyval());
  return *made.release();
}

Context::Context(MPI_Comm user, Process& process)
    : process_(process),
      comm_(Communicator::duplicate(user)),
      hosts_(comm_),
      id_(process.next_communicator()),
      kernels_(choose_kernels(process.settings().kernels)),
      team_(process.settings().threads),
      model_(kNominalModel) {
  comm_.set_idle(go_on, this);
  share_environment();
  if (hosts_.refused()) warn_once(HostGroup::kRefusal);
  problem_ = attempt([&] { plan_ = make_plan(config_); });
}

Context::~Context() {
  process_.progress().remove(*this);
}

void Context::prepare(UnderWay& under_way) {
  under_way.workspace.select.team = team_.members() > 1 ? &team_ : nullptr;
  under_way.sent = {};
  under_way.ended = false;
  under_way.error.reset();
}

template <class Act>
void Context::step(UnderWay& under_way, Act&& act) {
  if (under_way.stepping) return;
  under_way.stepping = true;
  const Traffic before = comm_.traffic();
  under_way.error = attempt([&] { act(under_way.workspace.execution); });
  under_way.sent = under_way.sent + (comm_.traffic() - before);
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

/// MPI may wait for it: nothing else would go on meanwhile.
bool Context::alone(const UnderWay& under_way) {
  return under_way_.size() == 1 && under_way_.front() == &under_way &&
         !process_.progress().advance_others(this);
}

void Context::finish(UnderWay& under_way) {
  while (!under_way.ended) {
    if (alone(under_way)) {
      step(under_way, [](Execution& execution) { execution.advance_for(kLooks); });
    } else {
      advance_all();
    }
    if (!under_way.ended) let_others_go_on();
  }
}

void Context::finish_all(const char* what) {
  require_same_starts(what);
  while (!under_way_.empty()) finish(*under_way_.front());
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
  let_others_go_on();
}

void Context::let_others_go_on() {
  process_.progress().advance_others(this);
  // MPI goes on in its calls only. What is asked for never comes, since no rank sends to itself here: MPI
  // does not return before it has looked at everything.
  int arrived = 0;
  MPI_Iprobe(comm_.rank(), 0, comm_.handle(), &arrived, MPI_STATUS_IGNORE);
}

void Context::go_on(void* of) {
  auto& context = *static_cast<Context*>(of);
  context.advance_all();
  context.process_.progress().advance_others(&context);
}

double Context::computed_until(double begin_s) {
  outside.enter(begin_s);
  if (end_s <= 0) return 0;
  compute_times.add(begin_s - end_s);
  return begin_s - end_s;
}

MPI_Comm Context::another_communicator() {
  others_.push_back(Communicator::duplicate(comm_.handle()));
  return others_.back().handle();
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

int Context::next_tag() {
  int found = 0;
  int* bound = nullptr;
  check(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &bound, &found), "MPI_Comm_get_attr");
  const int least = 32767;  // what MPI guarantees
  under_way_.reserve(static_cast<std::size_t>(requests_) + 2);
  const int blocks = (found != 0 ? *bound : least) / AllreduceCall::kTags - 1;
  return AllreduceCall::kTags * (1 + requests_++ % blocks);
}

void Context::share_environment() {
  const std::string mine = encode(environment_layer());
  const std::string root = share_from_root(comm_, mine);
  config_.environment = decode(root);
  const int other = first_rank_where(comm_, mine != root);
  if (other >= 0)
    warn_once(
        "rank " + std::to_string(other) +
        " has other PLIANT_* settings than rank 0 (rank 0's are in force on all). Start all ranks with one "
        "environment");
}

const Plan& Context::plan() const {
  if (problem_) throw *problem_;
  return *plan_;
}

SettingLayer Context::agreed_layer(MPI_Info info) {
  SettingLayer layer;
  std::optional<Error> refused = attempt([&] {
    layer = layer_of(info);
    make_plan({over(config_.info, layer), config_.environment});
  });
  const int refusing = first_rank_where(comm_, refused.has_value());
  if (refused) throw *refused;
  if (refusing >= 0)
    throw Error(ErrorClass::argument, "rank " + std::to_string(refusing) + " refuses its settings",
                "every rank gives the same settings", "Read that rank's message");
  const SettingLayer common = common_part(layer);
  const SettingLayer root = decode(share_from_root(comm_, encode(common)));
  if (first_rank_where(comm_, root != common) >= 0) throw difference(common, root);
  return layer;
}

void Context::set_info(MPI_Info info) {
  config_.info = over(config_.info, agreed_layer(info));
  plan_ = make_plan(config_);
  forget_decisions();
  problem_.reset();
}

Plan Context::plan_with(MPI_Info info) {
  return make_plan({over(config_.info, agreed_layer(info)), config_.environment});
}

const CostModel& Context::nominal_model() {
  return kNominalModel;
}

void Context::warn_once(const std::string& text) {
  if (comm_.rank() == 0) warn_once_here(text);
}

void Context::warn_once_here(const std::string& text) {
  if (std::find(said_.begin(), said_.end(), text) != said_.end()) return;
  said_.push_back(text);
  process_.logger().warn(text);
}

}  // namespace pliant
