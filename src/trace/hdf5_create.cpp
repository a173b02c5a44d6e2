// Creates new HDF5 files and gives them their names. No file is opened with truncation: an old one is locked
// first, then removed.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "trace/file_claim.hpp"
#include "trace/hdf5_handle.hpp"

namespace pliant {
namespace {

using hdf5::Handle;
using hdf5::kCreating;
using hdf5::OpenFile;
using hdf5::Quiet;

constexpr int kMostAttempts = 10;   ///< another process may repeatedly take the name just before
constexpr int kMostPartials = 100;  ///< jobs that save to one path at the same time

/// A new, locked file, or the reason why there is none.
struct Made {
  std::optional<OpenFile> file;
  std::string why;
};

/// Creates the file under its final name. Until it is locked, another process may take it for an old one.
Made make_in_place(const std::string& path) {
  // Uses our own lock (file_claim.hpp). HDF5's lock is exclusive, so nobody could read a running trace.
  const Handle access = hdf5::file_access_without_lock();
  OpenFile file{path};
  file.id = H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get());
  if (file.id < 0) return {std::nullopt, hdf5::reason()};
  void* descriptor = nullptr;
  const bool known = H5Fget_vfd_handle(file.id, H5P_DEFAULT, &descriptor) >= 0;
  if (!known || hold_new_file(*static_cast<int*>(descriptor), path)) return {std::move(file), ""};
  file.close();
  return {std::nullopt, "other processes replace it all the time"};
}

/// Creates and locks the file under a temporary name, then gives it its final name.
Made make(const std::string& path) {
  const Quiet quiet;
  const std::string unborn = unwanted_path(path);
  Made made = make_in_place(unborn);
  if (!made.file) return made;
  const std::error_code error = move_to_free_name(unborn, path);
  made.file->path = path;
  if (!error) return made;
  made.file->close();
  if (error == std::errc::file_exists) return {std::nullopt, error.message()};
  return make_in_place(path);
}

std::string why_refused(const OldFile& old) {
  if (old.error() == std::errc::invalid_argument) return "it is no regular file";
  return old.error().message();
}

/// Make room for a new file. Returns nothing if the name is free now, or why the old file stays.
std::optional<std::string> make_room(const std::string& path, const Hdf5Naming& naming) {
  OldFile old(path);
  if (old.state() == OldFile::State::in_use) return "is in use by another program, a job or a reader";
  const bool locked = old.state() == OldFile::State::locked;
  if (locked || old.state() == OldFile::State::unlockable) {
    if (!old.share()) return "is in use by another program, a job or a reader";
    if (std::optional<std::string> reason = naming.keep(path, locked)) return reason;
    old.remove();
  }
  if (old.state() == OldFile::State::refused)
    throw hdf5::failure(path, "create it", why_refused(old), kCreating);
  return std::nullopt;
}

std::optional<std::string> keep_if_unknown(const std::string&, bool locked) {
  if (locked) return std::nullopt;
  return "may be in use (its file system has no locks)";
}

}  // namespace

Hdf5File Hdf5File::create(const std::string& path, const Hdf5Naming& naming) {
  const std::string target = follow_links(path);
  std::string passed_over;
  for (int number = naming.first; number <= naming.last; ++number) {
    const std::string name = numbered_path(target, number);
    std::optional<std::string> kept;
    std::string why;
    for (int attempt = 0; attempt < kMostAttempts && !kept; ++attempt) {
      Made made = make(name);
      if (made.file) {
        auto impl = std::make_unique<Impl>(std::move(*made.file));
        impl->passed_over = passed_over;
        return Hdf5File(std::move(impl));
      }
      why = made.why;
      kept = make_room(name, naming);
    }
    if (!kept) throw hdf5::failure(name, "create it", why, kCreating);
    if (passed_over.empty()) passed_over = "'" + name + "' " + *kept;
  }
  throw hdf5::failure(target, "create it", passed_over, kCreating);
}

Hdf5File Hdf5File::create(const std::string& path) {
  return create(path, {.keep = keep_if_unknown});
}

Hdf5File Hdf5File::create_replacing(const std::string& path) {
  const std::string target = follow_links(path);
  Hdf5File file = create(target + ".partial", {.last = kMostPartials, .keep = keep_if_unknown});
  file.impl_->held.emplace(file.path());
  file.impl_->replaces = target;
  return file;
}

}  // namespace pliant
