#include "apps/netlab/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <system_error>
#include <utility>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr char kHidden = '.';

/// One folder per user for all labs, closed to other users.
fs::path base() {
  const fs::path path = fs::temp_directory_path() / ("pliant_netlab_" + std::to_string(getuid()));
  fs::create_directories(path);
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

/// True if nobody holds the folder's lock, so that its lab is dead.
bool is_abandoned(const fs::path& folder) {
  if (folder.filename().native().front() == kHidden) return false;
  const Descriptor lock(::open((folder / kLock).c_str(), O_RDONLY | O_CLOEXEC));
  return lock.is_open() && flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_abandoned() {
  for (const fs::directory_entry& entry : fs::directory_iterator(base())) {
    std::error_code ignored;
    if (is_abandoned(entry.path())) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

LabFolder LabFolder::make() {
  remove_abandoned();
  // Clean-up ignores this prefix. The folder gets its final name once it is locked.
  std::string hidden = base() / (kHidden + std::string("XXXXXX"));
  check_system(mkdtemp(hidden.data()) == nullptr ? -1 : 0, "making the folder " + hidden);
  Descriptor lock = open_file(fs::path(hidden) / kLock, O_RDWR | O_CREAT, 0600);
  check_system(flock(lock.get(), LOCK_EX | LOCK_NB), "locking the folder " + hidden);
  const fs::path path = base() / fs::path(hidden).filename().native().substr(1);
  fs::rename(hidden, path);
  return {path, std::move(lock)};
}

void LabFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream file(path_ / name);
  file << text << std::flush;
  if (!file)
    throw Error(ErrorClass::io, (path_ / name).native() + " cannot be written", "a lab needs its files",
                "Make room there");
}

void LabFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<fs::path> living_labs() {
  std::vector<fs::path> sockets;
  for (const fs::directory_entry& entry : fs::directory_iterator(base()))
    if (fs::exists(entry.path() / "control") && !is_abandoned(entry.path()))
      sockets.push_back(entry.path() / "control");
  return sockets;
}

fs::path find_lab(const std::string& named) {
  if (!named.empty()) return named;
  if (const auto variable = environment_value("PLIANT_NETLAB")) return *variable;
  const std::vector<fs::path> labs = living_labs();
  if (labs.size() == 1) return labs.front();
  throw Error(ErrorClass::argument, std::to_string(labs.size()) + " labs are up",
              "without --lab and PLIANT_NETLAB there must be exactly one",
              labs.empty() ? "Start one with pliant_netlab up" : "Pass --lab SOCKET");
}

}  // namespace pliant::netlab
