// The state that Pliant keeps for one communicator. An MPI attribute of the communicator points to it, and
// requests keep it alive after the communicator is freed. It ends where all its ranks call together
// (context_list.hpp).
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collectives/allreduce.hpp"
#include "core/error.hpp"
#include "core/said_once.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_group.hpp"
#include "planner/learning/compute_times.hpp"
#include "planner/plan.hpp"
#include "runtime/buffers.hpp"
#include "runtime/call_site.hpp"
#include "runtime/context_list.hpp"
#include "runtime/learning.hpp"
#include "runtime/process.hpp"
#include "runtime/progress.hpp"
#include "runtime/shared_resources.hpp"
#include "runtime/tensors.hpp"

namespace pliant {

class Context : public std::enable_shared_from_this<Context> {
 public:
  /// Returns the context of an intracommunicator. The first call makes it and is collective. Throws
  /// Error(communicator) for an intercommunicator or MPI_COMM_NULL, and Error(other) once MPI_Finalize has
  /// ended Pliant. Throws on all ranks if one of them cannot begin, for example for a bad PLIANT_* setting.
  static std::shared_ptr<Context> of(MPI_Comm comm);
  /// Returns the context, or null if it has not been made. Local. Throws as of() does.
  static std::shared_ptr<Context> find(MPI_Comm comm);
  /// Returns the context, or null if it has not been made or has ended. Valid while the communicator exists.
  static Context* made_for(MPI_Comm comm);

  /// Resources of the process. They are found before any message is sent, since finding them can fail.
  struct Setup {
    const Kernels* kernels = nullptr;
    Team* team = nullptr;  ///< null: no threads help the kernels
    std::optional<Error> problem;
  };
  /// Collective. `inherited`: settings of the communicator that `user` is a duplicate of.
  Context(MPI_Comm user, Process& process, const Setup& setup, SettingLayer inherited);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() = default;

  // ---- Its end ----

  ContextKey key() const { return key_; }
  /// Notes that the program has freed its communicator. Local. Frees memory now, or with the last request.
  /// Objects that MPI frees collectively are freed by end().
  void note_comm_freed();
  bool comm_freed() const { return comm_freed_; }
  /// Frees everything that MPI frees collectively. Requests keep a shell, and nothing is sent afterwards. If
  /// an operation is pending on some rank, its resources are left to MPI_Finalize. Collective.
  void end();
  bool ended() const { return ended_; }
  /// Throws Error(other) if the context has ended.
  void require_alive() const;
  /// Register a request at its init, and remove it when it is freed.
  void add(Pliant_Request_s& request) { live_requests_.push_back(&request); }
  void remove(Pliant_Request_s& request);

  /// Settings of the communicator. Throws Error(info_value) while the environment holds a bad one.
  const Plan& plan() const;
  /// The settings, even if they do not combine to a valid plan: a request may override some. Throws
  /// Error(info_value) for a value that is not valid by itself.
  Settings settings() const { return plan_ ? plan_->settings : config_.resolve(); }
  /// Do ranks compare their operations before they begin (PLIANT_CHECK)? False while there is no plan.
  bool checks() const { return plan_ && plan_->settings.check; }
  const Config& config() const { return config_; }
  /// Overrides the settings in force by those in `info`, which must be equal on all ranks. Collective. If any
  /// rank refuses, throws on every rank and changes nothing.
  void set_info(MPI_Info info);
  /// Returns the plan of a request, whose own `info` overrides the communicator's settings. Collective.
  Plan plan_with(MPI_Info info);

  /// Measures network and compute speed. Collective.
  const std::vector<Pliant_Link>& measure();
  /// Throws Error(request) on all ranks unless they have started the same requests equally often: ranks would
  /// otherwise decide for one operation with different inputs. Collective.
  void require_same_starts(const char* what);
  /// Notes that the request with this number (SharedResources) was started.
  void note_start(std::int64_t request);
  bool measured() const { return measured_; }
  /// The measured cost model, or the nominal one before the first measurement.
  const CostModel& model() const { return model_; }
  static const CostModel& nominal_model();
  void set_model(const CostModel& model) {
    model_ = model;
    model_.device = device_model_;
    measured_ = true;
    learning_.begin(model, comm());
    call_sites.begin_epoch();
  }

  // ---- Failed operations: failure.cpp. All with the mutex held. ----

  /// Throws Error(other) if the messages of an operation have failed since the last repair.
  void require_whole();
  bool broken() const { return broken_.has_value(); }
  /// Ends all pending operations, on all ranks; nothing more begins. Local.
  void break_off(const Error& why);
  /// Calls break_off() if another rank has done so. Local.
  void look_for_failure();
  /// Is all memory of given-up operations out of use? Local.
  bool settled();
  /// Makes new connections and agrees on the state again. Collective over `user`, the program's communicator.
  void repair(MPI_Comm user);

  // ---- Memory of a device ----

  /// Returns the resources for operations on memory of device `number`. The first call makes streams,
  /// connects NCCL and measures; it is collective. Throws Error(other) if a device has failed, Error(buffer)
  /// for another number than before.
  DevicePart& device_part(int number);
  /// Stops using the device. To be called on all ranks.
  void break_device(std::string problem) { device_problem_ = std::move(problem); }
  /// Throws Error(other) after break_device().
  void require_device() const;
  const DeviceModel& device_model() const { return device_model_; }

  // ---- Pending operations. All with the mutex held. ----

  /// Held by every user of the context: LocalCall, CollectiveCall, or the thread that advances it. It is
  /// released while waiting: see pause().
  std::mutex& mutex() { return mutex_; }

  /// The operation of blocking calls, of which there is at most one.
  PendingOperation& blocking() { return own_->blocking_call; }
  /// Resets the operation; to be called before its task is made.
  void prepare(PendingOperation& pending);
  /// Runs `task` until it first waits.
  void begin(PendingOperation& pending, Task task);
  /// Advances each pending operation by one step.
  void advance_all();
  /// Advances the operations of all communicators, and the program's own MPI messages.
  void advance_everything();
  /// Called while waiting: releases the mutex for other threads, and advances operations of other
  /// communicators and the program's own MPI messages.
  void pause();
  /// Waits until this operation has ended; others advance meanwhile, on all communicators.
  void finish(PendingOperation& pending);
  /// Waits until all operations that this rank has started here have ended; their own wait call still returns
  /// their result. Collective. Throws Error(request) on all ranks unless they have started the same ones.
  void finish_all(const char* what);
  /// Waits until every rank is here. Needed before a blocking MPI call: requests do not advance inside it,
  /// and a late rank may be waiting for one. Collective.
  void wait_for_ranks();
  /// Are operations pending in this process, on any communicator, besides the one that makes this call?
  bool others_pending();
  /// Throws the error that ended the operation, if any. It can begin again then.
  static void rethrow(PendingOperation& pending);

  /// Takes the resources of the next request. Collective, as SharedResources::take().
  SharedResources::Share take_share(bool by_mpi, int first_wait);
  /// Starts the progress thread, if the environment requests it and MPI allows it.
  void want_progress_thread();
  /// May any rank have requests? Equal on all ranks, so choosing MPI's own collectives may depend on it.
  /// Freeing is local, so this stays true until agree_on_requests() finds none.
  bool has_requests() const { return links_->resources.any_live(); }
  /// Updates has_requests(). Collective.
  void agree_on_requests();
  /// Sets has_requests() to a value that the ranks agreed on elsewhere. To be called on all of them.
  void note_requests(bool any);
  /// Has this rank requests that it has not freed?
  bool has_live_requests() const { return !live_requests_.empty(); }
  /// Requests made so far; equal on all ranks.
  std::int64_t requests_made() const { return links_->resources.made(); }
  /// Is an operation of this communicator pending on this rank?
  bool is_under_way() const { return !pending_.empty(); }
  /// Operations begun so far if exactly one is pending, that of the caller; otherwise -1.
  std::int64_t begun_alone() const { return pending_.size() == 1 ? begun_ : -1; }
  Learning& learning() { return learning_; }
  /// Position of the next operation in the order in which PLIANT_CHECK checks those of this rank.
  std::int64_t next_turn() { return turns_++; }
  std::int64_t turns_done = 0;

  Tensors& tensors() { return own_->tensors; }

  /// Warns once per communicator, on rank 0.
  void warn_once(const std::string& text);
  /// Warns once on this rank, for a condition that other ranks do not know of.
  void warn_once_here(const std::string& text) { warn_once_here(text, text); }
  /// Warns once per `key`, for a `text` whose values change from call to call.
  void warn_once_here(std::string_view key, const std::string& text);

  Communicator& comm() { return links_->comm; }
  int ranks() const { return ranks_; }
  HostGroup& hosts() { return links_->hosts; }
  Process& process() { return process_; }
  const Kernels& kernels() const { return kernels_; }
  std::int64_t id() const { return id_; }
  /// Records and returns the time that the program computed between the last operation and one that begins at
  /// begin_s [s]; 0 before the first.
  double computed_until(double begin_s);
  double end_s = 0;              ///< [s] MPI_Wtime when the last operation ended; 0 before the first
  ComputeTimes compute_times;    ///< on this rank
  OutsideTime outside;           ///< time of this rank's program outside of calls
  CallSites call_sites;          ///< of blocking calls
  Buffers last_on_host;          ///< of the last short call; their memory need not be queried again
  std::int64_t plain_calls = 0;  ///< blocking calls done without a tensor of their own
  Pliant_Report last_report{};   ///< of the last blocking call; `size` is 0 before the first

 private:
  friend class LocalCall;
  friend class CollectiveCall;

  void enter();
  void drop_unused();

  /// Objects that MPI frees collectively.
  struct Links {
    explicit Links(Communicator duplicate) : comm(std::move(duplicate)), hosts(comm) {}

    Communicator comm;
    HostGroup hosts;
    SharedResources resources;
  };

  template <class Act>
  void step(PendingOperation& pending, Act&& act);
  bool alone(const PendingOperation& pending);
  static void go_on(void* context);
  void note_end(PendingOperation& pending);
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
  Team* const team_;  ///< of the process; null: no threads help the kernels
  CostModel model_;
  DeviceModel device_model_;
  std::string device_problem_;
  std::unique_ptr<DevicePart> device_;  ///< null before the first call on a device's memory
  bool measured_ = false;
  std::vector<Pliant_Link> measured_links_;
  std::mutex mutex_;
  std::atomic<int> wanting_ = 0;  ///< threads that wait for the mutex
  bool in_collective_ = false;    ///< a CollectiveCall exists
  std::vector<PendingOperation*> pending_;
  std::int64_t begun_ = 0;
  Learning learning_;
  std::uint64_t starts_ = 0;  ///< hash of all starts, whatever their order
  std::int64_t turns_ = 0;
  std::optional<Error> broken_;  ///< the reason, if broken
  /// Memory of this rank, perhaps large. Null once no call can use it.
  struct Own {
    PendingOperation blocking_call;
    Tensors tensors;
  };
  std::unique_ptr<Own> own_ = std::make_unique<Own>();
  SaidOnce said_;
};

/// Holds the context's mutex during a local call.
class LocalCall {
 public:
  explicit LocalCall(Context& context) : context_(context) { context_.enter(); }
  LocalCall(const LocalCall&) = delete;
  LocalCall& operator=(const LocalCall&) = delete;
  ~LocalCall() { context_.mutex_.unlock(); }

 private:
  Context& context_;
};

/// Holds the context's mutex during a collective call, except while it waits. No other collective call on
/// this communicator begins before this one has ended.
class CollectiveCall {
 public:
  enum class On { whole, broken_too };

  /// Throws Error(other) if the context has ended, or is broken (unless On::broken_too).
  explicit CollectiveCall(Context& context, On on = On::whole);
  CollectiveCall(const CollectiveCall&) = delete;
  CollectiveCall& operator=(const CollectiveCall&) = delete;
  ~CollectiveCall() { leave(); }

  /// Ends the call before its destructor does.
  void leave();

 private:
  Context& context_;
  bool left_ = false;
};

}  // namespace pliant
