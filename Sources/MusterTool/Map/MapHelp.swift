extension MapCommand {
  /// What one has to know, by example.
  static let teaching = """
    EXAMPLES:
      muster map 'gzip -k {}' < files.txt               a command for each line
      muster map echo {1}-{2} ::: a b ::: 1 2 3         every combination
      muster map echo {1}-{2} ::: a b :::+ 1 2          side by side
      find . -name '*.c' -print0 | muster map -0 wc -l  any names
      muster map --colsep , 'run --t={2} {1}' :::: t.csv  columns of a file
      muster map < commands.txt                         each line is a command
      sbatch -n 64 --wrap 'muster map --joblog log --resume ./simulate {} :::: seeds'

    REPLACEMENT STRINGS:
      {}  the value             {.}  without its extension   {/}  without its directory
      {//}  its directory       {/.}  both                   {1} {2.} {-1/}  of one column
      {#}  the command's number {%}  the number of the slot it runs in
      A command without any has {} put behind it. Values are quoted for the shell as the place in the command
      asks for, between quotes as well; where that cannot be done the map says so and runs nothing.

    WHERE:
      In a job of Slurm, PBS or LSF, or under mpirun or srun: the allocation. Elsewhere this machine, or the hosts of
      --hostfile or --ssh, or a job of its own: --slurm 64, --pbs 16. A worker is one core, unless the job or --cores says
      otherwise. A map in a command of a map runs where that command does.

    EXIT STATUS:
      0: all commands succeeded; 1 to 100: so many failed; 101: more. With --halt …=1 that of the command it stopped at,
      255 if that took too long; with --halt …% the percentage of failures; 0 for enough of success.
      64: wrong usage; 255: the map could not go on.
    """
}
