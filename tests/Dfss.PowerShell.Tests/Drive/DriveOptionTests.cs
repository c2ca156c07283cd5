using System.Management.Automation;
using System.Reflection;
using Dfss.Commands;
using Microsoft.PowerShell.Commands;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>
/// Options of the file system that the engine binds for a path of a drive: without them a command would take more than
/// was meant.
/// </summary>
public sealed class DriveOptionTests
{
    [Theory]
    [InlineData("GetChildDynamicParameters", "File")]
    [InlineData("GetChildDynamicParameters", "Directory")]
    [InlineData("GetChildDynamicParameters", "Hidden")]
    [InlineData("FileSystemItemProviderDynamicParameters", "OlderThan")]
    public void An_option_of_the_file_system_is_refused(string type, string option)
    {
        // The real ones, of which some are internal.
        object bound = Activator.CreateInstance(
            typeof(PSObject).Assembly.GetType($"Microsoft.PowerShell.Commands.{type}", throwOnError: true)!,
            nonPublic: true)!;
        DriveOptions.ThrowIfGiven(bound);

        PropertyInfo property = bound.GetType().GetProperty(option)
            ?? throw new InvalidOperationException($"{type} has no {option}.");
        property.SetValue(bound, property.PropertyType == typeof(SwitchParameter) ? new SwitchParameter(true)
            : DateTime.UnixEpoch);
        ErrorRecord error = Assert.Throws<CmdletException>(() => DriveOptions.ThrowIfGiven(bound)).Error;
        Assert.Equal("OptionNotOfDrive", Result.IdOf(error));
        Assert.Equal(option, error.TargetObject);
    }

    [Fact]
    public void A_stream_is_refused()
    {
        DriveOptions.ThrowIfGiven(new OptionsOfWindows());
        Assert.Throws<CmdletException>(() => DriveOptions.ThrowIfGiven(new OptionsOfWindows { Stream = ["x"] }));
    }

    [Fact]
    public void An_option_of_a_provider_in_script_is_refused()
    {
        var defined = new RuntimeDefinedParameterDictionary
        {
            ["Deep"] = new RuntimeDefinedParameter("Deep", typeof(SwitchParameter), []),
        };
        DriveOptions.ThrowIfGiven(defined);
        defined["Deep"].Value = new SwitchParameter(true);
        Assert.Throws<CmdletException>(() => DriveOptions.ThrowIfGiven(defined));
    }

    [Fact]
    public void The_options_of_content_are_no_reason_to_list_nothing()
    {
        DriveOptions.ThrowIfGiven(new DriveReaderParameters { Raw = true });
        DriveOptions.ThrowIfGiven(new DriveWriterParameters { NoNewline = true });
        DriveOptions.ThrowIfGiven(Activator.CreateInstance(
            typeof(FileSystemContentReaderDynamicParameters),
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, binder: null,
            [new FileSystemProvider()], culture: null));
        DriveOptions.ThrowIfGiven(bound: null);
    }

    /// <summary>What Get-Item, Remove-Item and Clear-Content have on a disk of Windows.</summary>
    private sealed class OptionsOfWindows
    {
        [Parameter]
        public string[]? Stream { get; set; }
    }
}
