// What Pliant keeps for one communicator. The communicator's attribute leads to it; requests keep it alive
// when the communicator is gone. It ends where all its ranks are together (context_list.hpp).
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/compute_times.hpp"
#include "api/context_list.hpp"
#include "api/decision.hpp"
#include "api/learning.hpp"
#include "api/plan.hpp"
#include "api/process.hpp"
#include "api/progress.hpp"
#include "api/shared_resources.hpp"
#include "api/short_call.hpp"
#include "api/tensors.hpp"
#include "collectives/allreduce.hpp"
#include "core/error.hpp"
#include "core/said_once.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_group.hpp"

namespace pliant {

/// What ranks agreed on for the last operation whose policy adapts: plans are made with it.
struct Foreseen {
  std::int64_t count = 0;  ///< elements of that operation
  double compute_s = 0;
  double margin = 1;
  std::optional<GainModel> gain;
  std::optional<Worth> worth;
};

class Context : public std::enable_shared_from_this<Context> {
 public:
  /// The context of an intracommunicator, made at the first call: collective then. Throws Error(communicator)
  /// for an intercommunicator or MPI_COMM_NULL; on all ranks where one of them cannot begin, for example for
  /// a PLIANT_* setting of its process; Error(other) once MPI_Finalize has ended Pliant.
  static std::shared_ptr<Context> of(MPI_Comm comm);
  /// The same if it has been made already; null otherwise. Local. Throws as of() does.
  static std::shared_ptr<Context> find(MPI_Comm comm);
  /// The same for a call that the communicator outlives.
  static Context* made_for(MPI_Comm comm);

  /// What a context needs of its process. Found before any message, since finding it can fail.
  struct Setup {
    const Kernels* kernels = nullptr;
    Team* team = nullptr;  ///< null: each call works alone
    std::optional<Error> problem;
  };
  /// Collective. inherited: settings of the communicator that `user` is a duplicate of.
  Context(MPI_Comm user, Process& process, Setup setup, SettingLayer inherited);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() = default;

  // ---- Its end ----

  ContextKey key() const { return key_; }
  /// The program has freed its communicator. Local: nothing is sent, nobody is waited for. Memory goes now,
  /// or with the last request; what MPI frees collectively goes with end().
  void note_comm_freed();
  bool comm_freed() const { return comm_freed_; }
  /// Collective. Frees everything that MPI frees collectively; requests keep a shell. Nothing is sent
  /// afterwards. Where an operation is under way on some rank, what it uses is left to MPI_Finalize.
  void end();
  bool ended() const { return ended_; }
  /// Throws Error(other) once it has ended.
  void require_alive() const;
  /// Requests that are not freed yet, each from its init to its end.
  void add(Pliant_Request_s& request) { live_requests_.push_back(&request); }
  void remove(Pliant_Request_s& request);

  /// Settings of the communicator. Throws Error(info_value) while the environment holds one that cannot be
  /// used.
  const Plan& plan() const;
  /// The same values where they cannot be combined to a plan: a request may have another. Throws
  /// Error(info_value) for one that is none.
  Settings settings() const { return plan_ ? plan_->settings : config_.resolve(); }
  /// Do ranks compare what they are about to do? Not while there is no plan.
  bool checks() const { return plan_ && plan_->settings.check; }
  const Config& config() const { return config_; }
  /// Collective. Pairs of this rank, to be put over the settings in force; checked to be alike on all ranks.
  /// Throws without effect on every rank if any rank refuses.
  void set_info(MPI_Info info);
  /// Collective. The plan of a request whose own `info` goes over the communicator's settings.
  Plan plan_with(MPI_Info info);

  /// Measure network and compute speed; collective.
  const std::vector<Pliant_Link>& measure();
  /// Collective. Where ranks have not started the same requests as often, some would begin one by other
  /// numbers: throws Error(request) on all.
  void require_same_starts(const char* what);
  /// A request of this number (SharedResources) is started.
  void note_start(std::int64_t request);
  bool measured() const { return measured_; }
  /// Measured, or nominal as long as nothing was measured.
  const CostModel& model() const { return model_; }
  static const CostModel& nominal_model();
  void set_model(const CostModel& model) {
    model_ = model;
    model_.device = device_model_;
    measured_ = true;
    learning_.begin(model, comm());
    forget_decisions();
  }

  // ---- An operation that failed in its messages: failure.cpp. All with the mutex held. ----

  /// Throws Error(other) if that has happened since the last repair.
  void require_whole();
  bool broken() const { return broken_.has_value(); }
  /// What is under way ends, on all ranks, and nothing more begins. Local.
  void break_off(const Error& why);
  /// The same if another rank has done so. Local.
  void look_for_failure();
  /// Is no memory of an operation that was given up in use any more? Local.
  bool settled();
  /// Collective over `user`, the program's communicator: new connections, on which ranks agree anew.
  void repair(MPI_Comm user);

  // ---- Memory of a device ----

  /// What operations on memory of device `number` need. The first is collective: makes streams, connects
  /// NCCL, measures. Throws Error(other) where a device has failed, Error(buffer) for another number than
  /// before.
  DevicePart& device_part(int number);
  /// Nothing more is asked of the device. On all ranks.
  void break_device(std::string problem) { device_problem_ = std::move(problem); }
  /// Throws Error(other) if that was done.
  void require_device() const;
  const DeviceModel& device_model() const { return device_model_; }

  // ---- Operations under way. All with the mutex held. ----

  /// Whoever works with the context holds it: LocalCall, CollectiveCall, or the thread that advances it.
  /// Nobody holds it while waiting: see pause().
  std::mutex& mutex() { return mutex_; }

  /// The one of blocking calls.
  UnderWay& blocking() { return own_->blocking_call; }
  /// To be called before its task is made.
  void prepare(UnderWay& under_way);
  /// Let `task` go on until it first waits.
  void begin(UnderWay& under_way, Task task);
  /// Let each that is under way take a step.
  void advance_all();
  /// The same, those of other communicators, and the program's own messages.
  void advance_everything();
  /// For who waits, with the mutex held: other threads may take the mutex meanwhile, and what is under way on
  /// other communicators goes on, as do the program's own messages.
  void pause();
  /// Until this one has ended; others go on meanwhile, on all communicators.
  void finish(UnderWay& under_way);
  /// Until all that this rank has started on the communicator has ended; whoever waits for it is told then.
  /// Collective. Throws Error(request) on all ranks where they have not started the same.
  void finish_all(const char* what);
  /// Collective. Until every rank is here. Before MPI blocks for as long as a rank is late: requests do not
  /// go on meanwhile, and that rank may be waiting for one.
  void wait_for_ranks();
  /// On this communicator or another of this process; not counting what makes this very call.
  bool others_under_way();
  /// Throws what ended it, if it was an error. It can begin again then.
  static void rethrow(UnderWay& under_way);

  /// What the next request holds of this communicator's. Collective, as SharedResources::take().
  SharedResources::Share take_share(bool by_mpi, int first_wait);
  /// Start the thread that advances operations, if the environment asks for it and MPI allows it.
  void want_progress_thread();
  /// May any rank have requests? Equal on all ranks: what MPI's own collectives may be chosen by. Freeing is
  /// local, so this holds until ranks have met in agree_on_requests() without any.
  bool has_requests() const { return links_->resources.any_live(); }
  /// Collective. Have all ranks freed all requests?
  void agree_on_requests();
  /// The answer to agree_on_requests(), where ranks came to it otherwise. On all of them.
  void note_requests(bool any);
  /// Has this rank requests that it has not freed?
  bool has_live_requests() const { return !live_requests_.empty(); }
  /// Requests made so far, on all ranks.
  std::int64_t requests_made() const { return links_->resources.made(); }
  /// Is an operation of this communicator under way on this rank?
  bool is_under_way() const { return !under_way_.empty(); }
  /// Operations begun so far, if the one that asks is the only one under way; -1 if not.
  std::int64_t begun_alone() const { return under_way_.size() == 1 ? begun_ : -1; }
  Learning& learning() { return learning_; }
  /// Its turn among the operations of this rank, where PLIANT_CHECK has them looked at in order.
  std::int64_t next_turn() { return turns_++; }
  std::int64_t turns_done = 0;

  Tensors& tensors() { return own_->tensors; }

  /// Say something once per communicator, on rank 0.
  void warn_once(const std::string& text);
  /// The same on this rank, whichever it is: for what other ranks do not know of.
  void warn_once_here(const std::string& text) { warn_once_here(text, text); }
  /// The same where `text` holds values that change from call to call: `key` names its kind and its subject.
  void warn_once_here(std::string_view key, const std::string& text);

  Communicator& comm() { return links_->comm; }
  int ranks() const { return ranks_; }
  HostGroup& hosts() { return links_->hosts; }
  Process& process() { return process_; }
  const Kernels& kernels() const { return kernels_; }
  std::int64_t id() const { return id_; }
  /// [s] the program computed between the last operation and one that begins now, which is noted; 0 before
  /// the first.
  double computed_until(double begin_s);
  double end_s = 0;              ///< [s] MPI_Wtime when the last operation ended; 0 before the first
  ComputeTimes compute_times;    ///< on this rank
  OutsideTime outside;           ///< of calls, this rank's program
  ExactDecisions decisions;      ///< of blocking calls
  Foreseen foreseen;             ///< what policies were told last
  ShortCalls short_calls;        ///< of blocking calls, too
  std::int64_t plain_calls = 0;  ///< blocking calls done without a tensor of their own
  Pliant_Report last_report{};   ///< of the last blocking call; `size` is 0 before the first

 private:
  friend class LocalCall;
  friend class CollectiveCall;

  void enter();
  void drop_unused();

  /// What MPI frees collectively.
  struct Links {
    explicit Links(Communicator duplicate) : comm(std::move(duplicate)), hosts(comm) {}

    Communicator comm;
    HostGroup hosts;
    SharedResources resources;
  };

  template <class Act>
  void step(UnderWay& under_way, Act&& act);
  bool alone(const UnderWay& under_way);
  static void go_on(void* context);
  void forget_decisions() {
    decisions.forget();
    short_calls.forget();
    learning_.forget();
  }

  void note_end(UnderWay& under_way);
  void note_failed_messages();
  void renew_links(MPI_Comm user);
  void agree_anew();
  void connect_nccl(DevicePart& part);
  void share_with_root();
  SettingLayer agreed_layer(MPI_Info info);
  void take_hints(MPI_Comm user);

  Process& process_;
  std::unique_ptr<Links> links_;  ///< null once it has ended
  int ranks_;
  ContextKey key_;
  std::atomic<bool> comm_freed_ = false;
  std::atomic<bool> ended_ = false;
  std::vector<Pliant_Request_s*> live_requests_;
  std::int64_t id_;
  Config config_;
  std::optional<Plan> plan_;
  std::optional<Error> problem_;  // why there is no plan_
  const Kernels& kernels_;
  Team* const team_;  ///< the process's; null: each call works alone
  CostModel model_;
  DeviceModel device_model_;
  std::string device_problem_;
  std::unique_ptr<DevicePart> device_;  ///< null before the first call on a device's memory
  bool measured_ = false;
  std::vector<Pliant_Link> measured_links_;
  std::mutex mutex_;
  std::atomic<int> wanting_ = 0;  ///< threads that wait for the mutex
  bool in_collective_ = false;    ///< a CollectiveCall is there
  std::vector<UnderWay*> under_way_;
  std::int64_t begun_ = 0;
  Learning learning_;
  std::uint64_t starts_ = 0;  ///< of which requests how often, whatever their order
  std::int64_t turns_ = 0;
  std::optional<Error> broken_;  ///< why
  /// This rank's alone, and perhaps large. Null once nothing can be called any more.
  struct Own {
    UnderWay blocking_call;
    Tensors tensors;
  };
  std::unique_ptr<Own> own_ = std::make_unique<Own>();
  SaidOnce said_;
};

/// A call that concerns this rank alone has the context's mutex.
class LocalCall {
 public:
  explicit LocalCall(Context& context) : context_(context) { context_.enter(); }
  LocalCall(const LocalCall&) = delete;
  LocalCall& operator=(const LocalCall&) = delete;
  ~LocalCall() { context_.mutex_.unlock(); }

 private:
  Context& context_;
};

/// A call that all ranks make in one order: it has the context's mutex, except while it waits, and no other
/// such call on this communicator begins before it has ended.
class CollectiveCall {
 public:
  enum class On { whole, broken_too };

  /// Throws Error(other) where the context has ended, or is broken.
  explicit CollectiveCall(Context& context, On on = On::whole);
  CollectiveCall(const CollectiveCall&) = delete;
  CollectiveCall& operator=(const CollectiveCall&) = delete;
  ~CollectiveCall() { leave(); }

  /// Its end, before it goes.
  void leave();

 private:
  Context& context_;
  bool left_ = false;
};

}  // namespace pliant
