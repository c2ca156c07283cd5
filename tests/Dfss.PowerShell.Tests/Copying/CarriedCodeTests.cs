using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Copying;

public sealed class CarriedCodeTests
{
    [Fact]
    public void The_assembly_for_this_platform_only_is_passed_over()
    {
        string folder = Directory.CreateTempSubdirectory("dfss-carried-").FullName;
        try
        {
            string native = Directory.CreateDirectory(Path.Combine(folder, "runtimes", "this", "lib")).FullName;
            File.Copy(typeof(Assert).Assembly.Location, Path.Combine(folder, "Dfss.Core.dll"));
            File.Copy(typeof(object).Assembly.Location, Path.Combine(native, "Dfss.Core.dll"));

            Assert.Equal(folder, CarriedCode.FindFolder(native));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void No_two_sources_have_one_destination()
    {
        Destinations exact = new(ignoresCase: false);
        Assert.True(exact.TryTake("a/x") && exact.TryTake("A/x") && !exact.TryTake("a/x"));
        Destinations ignoring = new(ignoresCase: true);
        Assert.True(ignoring.TryTake("a/x") && !ignoring.TryTake("A/x"));
    }
}
