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
    [InlineData("FileSystemProviderGetItemDynamicParameters", "Stream")]
    [InlineData("FileSystemProviderRemoveItemDynamicParameters", "Stream")]
    [InlineData("FileSystemClearContentDynamicParameters", "Stream")]
    [InlineData("FileSystemItemProviderDynamicParameters", "OlderThan")]
    public void An_option_of_the_file_system_is_refused(string type, string option)
    {
        // The real ones, some of which are internal or lacking in the reference assembly.
        object bound = Activator.CreateInstance(
            typeof(PSObject).Assembly.GetType($"Microsoft.PowerShell.Commands.{type}", throwOnError: true)!,
            nonPublic: true)!;
        DriveOptions.ThrowIfGiven(bound);

        PropertyInfo property = bound.GetType().GetProperty(option)
            ?? throw new InvalidOperationException($"{type} has no {option}.");
        property.SetValue(bound, property.PropertyType == typeof(SwitchParameter) ? new SwitchParameter(true)
            : property.PropertyType == typeof(DateTime?) ? DateTime.UnixEpoch
            : property.PropertyType == typeof(string) ? "x"
            : (string[])["x"]);
        ErrorRecord error = Assert.Throws<CmdletException>(() => DriveOptions.ThrowIfGiven(bound)).Error;
        Assert.Equal("OptionNotOfDrive", Result.IdOf(error));
        Assert.Equal(option, error.TargetObject);
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
        DriveOptions.ThrowIfGiven(new FileSystemContentReaderDynamicParameters { Raw = true });
        DriveOptions.ThrowIfGiven(bound: null);
    }
}
