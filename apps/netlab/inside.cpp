#include "apps/netlab/inside.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/launcher.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

bool is_own_user_namespace(const Descriptor& user) {
  struct stat own {};
  struct stat other {};
  check_system(stat("/proc/self/ns/user", &own), "looking up the user namespace");
  check_system(fstat(user.get(), &other), "looking up the lab's user namespace");
  return own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

/// Moves this process onto the host. Its children will be among the lab's processes.
void enter(const std::filesystem::path& socket, const std::string& host) {
  const Answer answer = ask(socket, {{"do", "enter"}, {"host", host}});
  constexpr std::array kKinds = {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,
                                 CLONE_NEWUTS,  CLONE_NEWIPC, CLONE_NEWNS};
  if (answer.descriptors.size() != kKinds.size())
    throw Error(ErrorClass::io, quoted("host", host) + " cannot be entered",
                "the lab hands over its namespaces", "Use the pliant_netlab that started it");
  const std::filesystem::path folder = std::filesystem::current_path();
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == CLONE_NEWUSER && is_own_user_namespace(answer.descriptors[i])) continue;
    check_system(setns(answer.descriptors[i].get(), kKinds[i]), "entering " + host,
                 "only who started a lab, or root, may run something in it", "Start a lab of your own");
  }
  check_system(chdir(folder.c_str()), "going to " + folder.native() + " on " + host);
}

int status_of(int wait_status) {
  constexpr int kSignalled = 128;
  return WIFSIGNALED(wait_status) ? kSignalled + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

void become(const std::vector<std::string>& command) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  const int error = errno;
  std::cerr << "pliant_netlab: " << command.front() << " cannot be run: " << std::strerror(error)
            << " (must be a program, by its path or in PATH). Correct the name\n";
  constexpr int kNotFound = 127;
  constexpr int kNotRunnable = 126;
  _exit(error == ENOENT ? kNotFound : kNotRunnable);
}

int run_inside(const std::filesystem::path& socket, const std::string& host,
               const std::vector<std::string>& command) {
  enter(socket, host);
  for (const auto& [name, value] : launcher_environment(socket)) setenv(name.c_str(), value.c_str(), 1);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGCHLD, SIG_DFL);  // whoever started this process may have ignored it
  const pid_t child = check_system(fork(), "starting " + command.front());
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    become(command);
  }
  while (true) {
    siginfo_t signal{};
    if (sigwaitinfo(&signals, &signal) < 0) continue;
    if (signal.si_signo == SIGCHLD) {
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) return status_of(status);
    } else if (signal.si_code != SI_KERNEL) {
      kill(child, signal.si_signo);
    }
  }
}

}  // namespace pliant::netlab
