#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

Describe 'Feedback' {
    BeforeAll {
        . "$PSScriptRoot/Suite.ps1"
        $session = [runspacefactory]::CreateRunspace()
        $session.Open()

        # Runs a line in a session of its own, as the console does, and asks for feedback as the console does.
        function Invoke-Line([string] $Line) {
            $settings = [System.Management.Automation.PSInvocationSettings]@{ AddToHistory = $true }
            $engine = [powershell]::Create($session).AddScript($Line)
            try {
                $null = $engine.Invoke($null, $settings)
            } catch [System.Management.Automation.MethodInvocationException] {
                # The session's $Error has it.
                Write-Debug "$_"
            } finally {
                $engine.Dispose()
            }

            [System.Management.Automation.Subsystem.Feedback.FeedbackHub]::GetFeedback($session) |
                Where-Object Name -EQ dfss | ForEach-Object { $_.Item.RecommendedActions }
        }
    }

    AfterAll {
        $null = Invoke-Line 'Stop-DfssPeer $peer; Remove-Module Dfss'
        $session.Dispose()
    }

    It 'suggests the line with the stored name, and the suggestion works' {
        Set-Content "$TestDrive/disk1.iso" content
        Invoke-Line "Import-Module '$manifest'; `$peer = Start-DfssPeer -InMemory -Port 0" | Should -BeNullOrEmpty
        Invoke-Line "Send-DfssFile '$TestDrive/disk1.iso' -Peer `$peer" | Should -BeNullOrEmpty

        $suggested = Invoke-Line '$info = Get-DfssFileInfo Disk1.ISO -Peer $peer'
        $suggested | Should -Be '$info = Get-DfssFileInfo disk1.iso -Peer $peer'
        Invoke-Line $suggested | Should -BeNullOrEmpty
        $session.SessionStateProxy.GetVariable('info').Name | Should -Be disk1.iso
    }
}
