using Xunit.v3;

// Many tests wait for a process, a time-out or a disk: with as many tests at once as there are processors, one of two
// processors would idle.
[assembly: Parallelization(MaxThreads = 4)]
