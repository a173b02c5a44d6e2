#include "apps/netlab/lab.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/control.hpp"
#include "apps/netlab/folder.hpp"
#include "apps/netlab/launcher.hpp"
#include "apps/netlab/network.hpp"
#include "apps/netlab/unsupported.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  check_system(pipe2(ends.data(), O_CLOEXEC), "making a pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Separates a process of the lab from its command: blocks signals, starts a session, closes files except
/// `kept`.
void detach(std::vector<int> kept) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setsid();
  const Descriptor null = open_file("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) dup2(null.get(), standard);
  std::erase(kept, -1);
  std::ranges::sort(kept);
  unsigned next = 3;
  for (const int descriptor : kept) {
    if (static_cast<unsigned>(descriptor) > next) close_range(next, static_cast<unsigned>(descriptor) - 1, 0);
    next = std::max(next, static_cast<unsigned>(descriptor) + 1);
  }
  close_range(next, ~0U, 0);
}

/// Makes PID, mount and, where needed, user namespaces for the next child.
void unshare_lab(bool rootless) {
  constexpr int kFlags = CLONE_NEWPID | CLONE_NEWNS;
  if (!rootless && unshare(kFlags) == 0) return;
  const std::string uid = std::to_string(getuid());
  const std::string gid = std::to_string(getgid());
  if (unshare(kFlags | CLONE_NEWUSER) < 0)
    throw unsupported(std::string("making a lab's namespaces: ") + std::strerror(errno),
                      "a lab needs PID, mount, network and UTS namespaces, as root or in a user namespace",
                      "Run it as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
                      "user.max_user_namespaces)");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + uid + " 1");
  write_file("/proc/self/gid_map", "0 " + gid + " 1");
}

/// Mounts seen by all hosts: /proc of the lab, and /etc/hosts with all names.
void mount_lab(const std::filesystem::path& folder) {
  check_system(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "making mounts private");
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0)
    throw unsupported(
        std::string("mounting /proc: ") + std::strerror(errno),
        "a lab needs its own /proc, which containers may forbid",
        "Run it outside of the container, or in one with --security-opt systempaths=unconfined");
  // Not fatal: without /etc/hosts a machine resolves names otherwise, and launchers use addresses anyway.
  static_cast<void>(mount((folder / "hosts").c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr));
}

void report(const Descriptor& ready, const nlohmann::ordered_json& json) {
  const std::string text = json.dump();
  static_cast<void>(write(ready.get(), text.data(), text.size()));
}

/// Runs an action. If it throws, reports the error to the command and exits.
template <class Action>
void or_report(const Descriptor& ready, Action action) {
  try {
    action();
  } catch (const Unsupported& error) {
    report(ready, {{"unsupported", error.what()}});
    _exit(1);
  } catch (const std::exception& error) {
    report(ready, {{"error", error.what()}});
    _exit(1);
  }
}

/// PID 1 of the lab.
[[noreturn]] void live(const LabOptions& options, const Schedule& schedule, const LabFolder& folder,
                       Pipe ready, Descriptor life) {
  signal(SIGCHLD, SIG_IGN);  // whose parent is gone is reaped by the kernel
  std::optional<Network> network;
  Descriptor socket;
  or_report(ready.writing, [&] {
    mount_lab(folder.path());
    std::vector<Host> hosts;
    hosts.reserve(static_cast<std::size_t>(options.hosts));
    for (int host = 0; host < options.hosts; ++host) hosts.emplace_back(host, options.hosts, options.mtu);
    network.emplace(std::move(hosts), options.link, options.seed, options.awake);
    socket = listen_at(folder.socket());
    serve_control({*network, folder, std::move(socket), std::move(life), schedule, options.ranks_per_host});
    report(ready.writing, {{"ready", true}});
    ready.writing.close();
  });
  network->run();
}

/// The keeper process.
[[noreturn]] void keep(const LabOptions& options, const Schedule& schedule, const LabFolder& folder,
                       Pipe ready, Descriptor life) {
  detach({folder.lock(), ready.writing.get(), life.get()});
  pid_t child = -1;
  or_report(ready.writing, [&] {
    unshare_lab(options.rootless);
    child = check_system(fork(), "starting the lab");
  });
  if (child == 0) live(options, schedule, folder, std::move(ready), std::move(life));
  ready.writing.close();
  waitpid(child, nullptr, 0);
  folder.remove();
  _exit(0);
}

/// Waits until the lab reports that it is ready. Throws the error that the lab reports instead.
void await_ready(const Descriptor& ready) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t bytes = 0; (bytes = read(ready.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(bytes));
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (json.is_object() && json.contains("ready")) return;
  if (json.is_object() && json.contains("unsupported"))
    throw Unsupported(json["unsupported"].get<std::string>());
  if (json.is_object() && json.contains("error")) throw Refusal(json["error"].get<std::string>());
  throw Error(ErrorClass::io, "the lab died while it was set up", "nothing of it is left",
              "Look at the kernel's messages (dmesg)");
}

}  // namespace

Lab Lab::start(const LabOptions& given) {
  LabOptions options = given;
  options.schedule.hosts = options.hosts;
  options.schedule.link = options.link;
  const Schedule schedule = make_schedule(options.schedule);  // refused now or never
  const LabFolder folder = LabFolder::make();
  Lab lab;
  lab.socket_ = folder.socket();
  try {
    write_launcher_files(folder, options.hosts, options.ranks_per_host);
    Pipe ready = make_pipe();
    Pipe life = make_pipe();
    const pid_t keeper = check_system(fork(), "starting the lab");
    if (keeper == 0)
      keep(options, schedule, folder, std::move(ready),
           options.outlives ? Descriptor() : std::move(life.reading));
    lab.keeper_ = watch_process(keeper);
    lab.life_ = std::move(life.writing);
    ready.writing.close();
    await_ready(ready.reading);
  } catch (...) {
    lab.end();
    folder.remove();
    throw;
  }
  if (options.outlives) lab.life_.close();
  return lab;
}

Lab::~Lab() {
  if (life_.is_open()) end();
}

void Lab::end() {
  life_.close();
  if (keeper_.is_open()) waitid(P_PIDFD, static_cast<id_t>(keeper_.get()), nullptr, WEXITED);
}

}  // namespace pliant::netlab
