using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>
/// The program that runs a detached peer: this one, if it is pwsh or dfss; else the one that $env:DFSS_HOST names (a
/// program, or a dll for dotnet); else pwsh or dfss of the PATH.
/// </summary>
internal sealed record PeerHost(string Program, string? Library)
{
    /// <summary>The environment variable that names the program.</summary>
    internal const string HostVariable = "DFSS_HOST";

    private static readonly string[] PowerShells = ["pwsh", "pwsh-preview"];
    private static readonly string[] Shells = ["dfss"];

    private bool IsPowerShell => IsOneOf(Library ?? Program, PowerShells);

    /// <summary>Finds the program.</summary>
    /// <exception cref="CmdletException">HostNotFound.</exception>
    internal static PeerHost Find() =>
        FindOwn() ?? FindNamed() ?? FindOnPath() ?? throw new CmdletException(ErrorRecords.Create(
        "HostNotFound", ErrorCategory.ObjectNotFound, target: null,
        "No program was found to run a detached peer: this process is neither pwsh nor dfss, and the PATH has neither.",
        $"Set $env:{HostVariable} to the path of pwsh or dfss."));

    /// <summary>The start of a command in it. Only the command's own strings are quoted by hand.</summary>
    internal ProcessStartInfo CreateStartInfo(string command)
    {
        var info = new ProcessStartInfo(Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            // Windows: a separate console, which Ctrl+C here does not reach.
            CreateNoWindow = true,
        };
        if (Library is not null)
        {
            info.ArgumentList.Add(Library);
        }

        if (IsPowerShell)
        {
            info.ArgumentList.Add("-NoProfile");
            info.ArgumentList.Add("-NonInteractive");
        }

        info.ArgumentList.Add("-Command");
        info.ArgumentList.Add(command);
        return info;
    }

    /// <summary>A string as PowerShell source.</summary>
    internal static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    private static PeerHost? FindOwn()
    {
        string? program = Environment.ProcessPath;
        if (program is null)
        {
            return null;
        }

        if (IsOneOf(program, PowerShells) || IsOneOf(program, Shells))
        {
            return new PeerHost(program, Library: null);
        }

        string library = Environment.GetCommandLineArgs()[0];
        bool isHost = IsOneOf(program, "dotnet") && (IsOneOf(library, PowerShells) || IsOneOf(library, Shells));
        return isHost ? new PeerHost(program, Path.GetFullPath(library)) : null;
    }

    private static PeerHost? FindNamed()
    {
        string? named = Environment.GetEnvironmentVariable(HostVariable);
        if (string.IsNullOrWhiteSpace(named))
        {
            return null;
        }

        if (!File.Exists(named))
        {
            throw new CmdletException(ErrorRecords.Create(
                "HostNotFound", ErrorCategory.ObjectNotFound, named,
                $"$env:{HostVariable} names '{named}', which does not exist.",
                $"Set $env:{HostVariable} to the path of pwsh or dfss, or remove it."));
        }

        return Path.GetExtension(named).Equals(".dll", StringComparison.OrdinalIgnoreCase)
            ? new PeerHost(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.GetFullPath(named))
            : new PeerHost(Path.GetFullPath(named), Library: null);
    }

    private static PeerHost? FindOnPath()
    {
        string extension = OperatingSystem.IsWindows() ? ".exe" : string.Empty;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return (from name in PowerShells.Concat(Shells)
                from folder in folders
                let program = Path.Combine(folder, name + extension)
                where File.Exists(program)
                select new PeerHost(program, Library: null)).FirstOrDefault();
    }

    private static bool IsOneOf(string path, params string[] names)
    {
        string name = Path.GetFileName(path);
        string extension = Path.GetExtension(name).ToUpperInvariant();
        string stem = extension is ".EXE" or ".DLL" ? Path.GetFileNameWithoutExtension(name) : name;
        return names.Contains(stem, StringComparer.OrdinalIgnoreCase);
    }
}
