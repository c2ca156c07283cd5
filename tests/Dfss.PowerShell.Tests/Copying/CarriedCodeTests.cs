using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
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

    /// <summary>What is cut away by mistake is missed when a type is loaded or a method compiled: so all are.</summary>
    [Fact]
    public void The_code_has_all_that_it_uses_and_is_not_optimized()
    {
        IReadOnlyList<byte[]> cut = CarriedCode.ReadCut();
        Assert.SkipWhen(cut.Count == 0, "The build could not cut it.");
        AssemblyLoadContext context = new("carried", isCollectible: true);
        using BinaryReader reader = new(new BrotliStream(
            new MemoryStream(CarriedCode.Pack(cut)), CompressionMode.Decompress));
        List<Assembly> loaded = [];
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            loaded.Add(context.LoadFromStream(new MemoryStream(reader.ReadBytes(reader.ReadInt32()))));
        }

        Assert.All(loaded, assembly => Assert.True(
            assembly.GetCustomAttribute<DebuggableAttribute>()!.IsJITOptimizerDisabled, assembly.FullName));
        foreach (MethodBase method in loaded.SelectMany(assembly => assembly.GetTypes()).SelectMany(Methods))
        {
            RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }

        context.Unload();
    }

    private static IEnumerable<MethodBase> Methods(Type type)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
            | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return ((IEnumerable<MethodBase>)[.. type.GetMethods(Own), .. type.GetConstructors(Own)])
            .Where(method => !type.ContainsGenericParameters && !method.ContainsGenericParameters
                && (method.Attributes & (MethodAttributes.Abstract | MethodAttributes.PinvokeImpl)) == 0);
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
