#include "apps/netlab/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/inside.hpp"
#include "apps/netlab/roster.hpp"
#include "apps/netlab/statistics.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

constexpr double kGrace_s = 2;  ///< for a program that has been told to end

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals, signal);
  return signals;
}

/// The program on host 0, as a child of this process.
class Program {
 public:
  Program(Lab& lab, const std::vector<std::string>& command)
      : pid_(check_system(fork(), "starting " + command.front())) {
    if (pid_ == 0) live(lab, command);
    end_ = watch_process(pid_);
  }
  Program(const Program&) = delete;
  ~Program() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  const Descriptor& end() const { return end_; }
  void ask_to_end() const { kill(pid_, SIGTERM); }
  /// Its exit status once it has ended; may be asked repeatedly.
  int status() const {
    siginfo_t info{};
    waitid(P_PIDFD, static_cast<id_t>(end_.get()), &info, WEXITED | WNOWAIT);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }

 private:
  [[noreturn]] static void live(Lab& lab, const std::vector<std::string>& command) {
    int status = 1;
    try {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // a command that was killed keeps neither its program nor its lab
      lab.disown();
      status = run_inside(lab.socket(), host_name(0), command);
    } catch (const std::exception& error) {
      std::cerr << "pliant_netlab: " << error.what() << std::endl;
    }
    _exit(status);
  }

  pid_t pid_;
  Descriptor end_;
};

/// Waits for the program, the lab, signals and the timeout. Decides which has to end, and the exit status.
class Supervisor {
 public:
  Supervisor(const RunOptions& options, const Lab& lab, const Program& program)
      : options_(options), lab_(lab), program_(program), signals_(watched_signals()) {
    if (options.timeout_s > 0) deadline_ = now_ns() + to_ns(options.timeout_s);
  }

  /// Returns when the program has ended, or must end with its lab.
  int wait() {
    while (true) {
      std::array<pollfd, 3> events = {pollfd{program_.end().get(), POLLIN, 0},
                                      pollfd{lab_.keeper().get(), POLLIN, 0},
                                      pollfd{signals_.get(), POLLIN, 0}};
      poll(events.data(), events.size(), milliseconds_left());
      if (events[0].revents != 0) return on_end();
      if (events[1].revents != 0) return on_death();
      if (events[2].revents != 0 && on_signal()) return *status_;
      if (now_ns() >= deadline_ && on_deadline()) return *status_;
    }
  }

 private:
  static Descriptor watched_signals() {
    const sigset_t signals = ending_signals();
    return Descriptor(check_system(signalfd(-1, &signals, SFD_CLOEXEC), "watching signals"));
  }

  int milliseconds_left() const {
    if (deadline_ == kNever) return -1;
    return static_cast<int>(std::clamp<TimeNs>((deadline_ - now_ns()) / 1'000'000 + 1, 0, 1 << 30));
  }

  /// A lab that dies has killed the program first.
  int on_end() {
    const int status = program_.status();
    pollfd death{lab_.keeper().get(), POLLIN, 0};
    constexpr int kPatience_ms = 500;
    if (status == 128 + SIGKILL && !status_ && poll(&death, 1, kPatience_ms) > 0) return on_death();
    return status_.value_or(status);
  }

  static int on_death() {
    std::cerr
        << "pliant_netlab: the lab died (it was killed, or the machine has no memory left). All of it is "
           "gone; run it again\n";
    return kLabDiedStatus;
  }

  /// Returns true to end now. Signals from the terminal have reached the program too. Without a launcher the
  /// program may be a shell, which decides for itself.
  bool on_signal() {
    signalfd_siginfo signal{};
    static_cast<void>(read(signals_.get(), &signal, sizeof signal));
    const bool by_terminal = signal.ssi_code == SI_KERNEL;
    if (by_terminal && options_.launcher == Launcher::none) return false;
    const bool is_second = status_.has_value();
    status_ = 128 + static_cast<int>(signal.ssi_signo);
    if (!by_terminal) program_.ask_to_end();
    deadline_ = now_ns() + to_ns(kGrace_s);
    return is_second;
  }

  bool on_deadline() {
    if (status_) return true;
    std::cerr << "pliant_netlab: the program ran longer than --timeout " << options_.timeout_s
              << " s (the limit that was given). It is ended; pass a larger one\n";
    status_ = kTimedOutStatus;
    program_.ask_to_end();
    deadline_ = now_ns() + to_ns(kGrace_s);
    return false;
  }

  const RunOptions& options_;
  const Lab& lab_;
  const Program& program_;
  Descriptor signals_;
  TimeNs deadline_ = kNever;
  std::optional<int> status_;
};

void write_log(const std::filesystem::path& socket, const std::string& path) {
  const Answer answer = ask(socket, {{"do", "log"}});
  std::ofstream file(path);
  for (const auto& entry : answer.json["entries"]) file << entry.dump() << "\n";
  if (!file.flush())
    throw Error(ErrorClass::io, quoted("--log", path) + " cannot be written",
                "must be a file in a folder that exists", "Pass another path");
}

/// Asks the lab for the outputs that the options want after the program. Ignores a lab that is already gone.
void conclude(const RunOptions& options, const Lab& lab) {
  try {
    if (!options.log.empty()) write_log(lab.socket(), options.log);
    if (options.statistics) std::cerr << statistics_text(ask(lab.socket(), {{"do", "stats"}}).json);
  } catch (const std::exception& error) {
    std::cerr << "pliant_netlab: " << error.what() << "\n";
  }
}

/// Checks that a program that ended well did so on all hosts. Ignores a lab that is already gone.
bool are_placed(const RunOptions& options, const Lab& lab) {
  std::string problem;
  try {
    const auto ranks = ask(lab.socket(), {{"do", "ranks"}}).json["ranks"].get<std::vector<int>>();
    problem = missing_ranks(ranks, options.lab.ranks_per_host);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (!problem.empty()) std::cerr << "pliant_netlab: " << problem << "\n";
  return problem.empty();
}

}  // namespace

int run(const RunOptions& options) {
  const int ranks = options.lab.hosts * options.lab.ranks_per_host;
  std::vector<std::string> command = launcher_words(options.launcher, ranks, options.program.front());
  const bool places_ranks = !command.empty();
  if (!options.log.empty() && !std::ofstream(options.log))
    throw Error(ErrorClass::io, quoted("--log", options.log) + " cannot be written",
                "must be a file in a folder that exists", "Pass another path");
  const sigset_t signals = ending_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  Lab lab = Lab::start(options.lab);
  if (places_ranks) command.push_back(lab.socket().parent_path() / kRank);
  command.insert(command.end(), options.program.begin(), options.program.end());
  ask(lab.socket(), {{"do", "start"}});
  const Program program(lab, command);
  const int status = Supervisor(options, lab, program).wait();
  if (status != kLabDiedStatus) conclude(options, lab);
  return status == 0 && places_ranks && !are_placed(options, lab) ? kMisplacedStatus : status;
}

}  // namespace pliant::netlab
