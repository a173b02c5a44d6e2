# shellcheck shell=bash
# What the job scripts share. Sourced by them; not run on a real cluster yet.
#
# Set in the job's environment, all optional (no names with the library's own prefix: it warns of those it does not know):
#   INSTALL_PREFIX  where Pliant was installed; empty: programs are taken from PATH
#   RESULT_DIR      where results go; default: a folder named after the job, where sbatch was called
#   SRUN_MPI        srun's --mpi; default pmix, which Debian's Open MPI needs
#   SETUP_FILE      a shell file of the site to read first, for example one that loads modules

if [[ -n "${SETUP_FILE:-}" ]]; then
  # shellcheck source=/dev/null
  source "$SETUP_FILE"
fi
if [[ -n "${INSTALL_PREFIX:-}" ]]; then
  PATH=$INSTALL_PREFIX/bin:$PATH
fi
RESULT_DIR=${RESULT_DIR:-${SLURM_SUBMIT_DIR:-.}/${SLURM_JOB_NAME:-pliant}-${SLURM_JOB_ID:-0}}
mkdir -p "$RESULT_DIR"

# Since Slurm 22.05 srun no longer takes --cpus-per-task from the job.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
export OMP_NUM_THREADS=$SRUN_CPUS_PER_TASK

# start PROGRAM ARGUMENTS...: every task of the job, bound to its cores.
start() {
  srun "--mpi=${SRUN_MPI:-pmix}" --cpu-bind=cores --kill-on-bad-exit=1 "$@"
}

# describe_job: what is needed to repeat the run, into the result folder.
describe_job() {
  {
    date --iso-8601=seconds
    scontrol show job "${SLURM_JOB_ID:-0}" || true
    env | grep -E '^(PLIANT|SLURM|OMPI|OMP|UCX)_' | sort || true
  } >"$RESULT_DIR/job.txt" 2>&1
}
